#include "agent/orchestrator_link.h"

#include <fmt/core.h>

#include "base/crash_point.h"
#include "base/log.h"
#include "pki/certificate.h"

namespace slipway::agent {

using agentproto::AgentMessage;
using agentproto::Hello;
using base::ErrorCode;
using base::Result;
using base::Status;
using namespace std::chrono_literals;

namespace {

constexpr auto kLookInterval = 10min;  // addresses may change without anybody telling
constexpr auto kGoodConnection = 5s;   // one that lives longer ends the growing of pauses
constexpr auto kTunnelConnectLimit = 5s;

bool same_host(const Hello& left, const Hello& right) {
  return left.os == right.os && left.kubernetes == right.kubernetes && left.addresses == right.addresses;
}

bool is_refusal(const base::Error& error) {
  return error.code() == ErrorCode::kUnauthorized || error.code() == ErrorCode::kForbidden;
}

}  // namespace

// One websocket from its upgrade to its end. `ended` and `reason` are under the link's mutex.
struct OrchestratorLink::Session {
  std::shared_ptr<net::WebSocket> socket;
  std::shared_ptr<net::TunnelMultiplexer> tunnel;
  bool ended = false;
  std::string reason;
};

OrchestratorLink::OrchestratorLink(AgentOptions options, Parts parts)
    : options_(std::move(options)), parts_(std::move(parts)), store_(options_.data_folder), backoff_(*parts_.random) {}

OrchestratorLink::~OrchestratorLink() {
  stop();
}

void OrchestratorLink::start() {
  thread_ = std::jthread([this](const std::stop_token& stop) { loop(stop); });
}

void OrchestratorLink::stop() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
}

bool OrchestratorLink::is_connected() const {
  const std::scoped_lock lock(mutex_);
  return session_ && !session_->ended;
}

void OrchestratorLink::send_progress(const agentproto::WorkReport& work) {
  std::shared_ptr<Session> session;
  {
    const std::scoped_lock lock(mutex_);
    session = session_;
  }
  if (!session) return;
  // A stream so slow that it cannot take a report is given up: the next one begins with a whole report.
  if (!session->socket->send_text(agentproto::encode(AgentMessage(agentproto::Progress{work}))))
    session->socket->close("too slow");
}

void OrchestratorLink::report_again() {
  const std::scoped_lock lock(mutex_);
  look_again_ = true;
  changed_.notify_all();
}

void OrchestratorLink::wait(const std::stop_token& stop, std::chrono::milliseconds time) {
  std::unique_lock lock(mutex_);
  const auto until = parts_.clock->steady() + std::chrono::nanoseconds(time);
  while (!stop.stop_requested() && parts_.clock->steady() < until)
    parts_.clock->wait_until(changed_, lock, until, stop);
}

void OrchestratorLink::loop(const std::stop_token& stop) {
  std::string last_trouble;
  while (!stop.stop_requested()) {
    const auto began = parts_.clock->steady();
    const auto outcome = [&]() -> Status {
      const Identity identity = SLIPWAY_TRY(this->identity());
      return serve(identity, stop);
    }();
    if (stop.stop_requested()) return;
    if (parts_.clock->steady() - began >= kGoodConnection) backoff_.reset();
    const std::string trouble = outcome ? "the connection ended" : outcome.error().message();
    if (trouble != last_trouble)
      base::log_warning("agent", "orchestrator {}:{}: {}", options_.server.host, options_.server.port, trouble);
    last_trouble = trouble;
    if (!outcome) handle_refusal(outcome.error());
    wait(stop, backoff_.next());
  }
}

void OrchestratorLink::handle_refusal(const base::Error& refusal) {
  refused_ = is_refusal(refusal);
}

Result<Identity> OrchestratorLink::identity() {
  std::optional<Identity> present = SLIPWAY_TRY(store_.load());
  if (present && !refused_) return *present;
  Result<std::string> token = read_join_token(options_);
  if (!present) {
    if (!token) return token.error();
    return enroll_with(*token, false);
  }
  // The orchestrator refused this identity. Only a new token can help; the old one is not tried again.
  if (!token || pki::sha256_hex(*token) == present->token_hash) return *present;
  base::log_info("agent", "there is a new join token: enrolling again");
  return enroll_with(*token, true);
}

Result<Identity> OrchestratorLink::enroll_with(const std::string& token, bool fresh_key) {
  std::string key = SLIPWAY_TRY(store_.key(fresh_key));
  Identity identity =
      SLIPWAY_TRY(enroll(*parts_.runtime, options_, parts_.machine, token, std::move(key)).with_context("enrolment"));
  SLIPWAY_TRY(store_.save(identity));
  base::crash_point("agent.identity-saved");
  base::log_info("agent", "enrolled as host '{}' of project '{}'", identity.host_name, identity.ns);
  refused_ = false;
  return identity;
}

Result<std::shared_ptr<OrchestratorLink::Session>> OrchestratorLink::connect(const Identity& identity) {
  auto session = std::make_shared<Session>();
  session->tunnel =
      net::TunnelMultiplexer::create({.on_open = [this](std::string target, std::shared_ptr<net::TunnelStream> stream) {
        if (target != agentproto::kKubernetesApiTarget) return stream->close("this target is not allowed");
        net::serve_tunnel_stream(*parts_.runtime, std::move(stream), "127.0.0.1", parts_.kubernetes_port,
                                 kTunnelConnectLimit);
      }});
  net::WebSocketClientOptions options;
  options.host = options_.server.host;
  options.port = options_.server.port;
  options.path = agentproto::kConnectPath;
  options.tls = {.ca_pem = identity.ca_pem, .certificate_pem = identity.certificate_pem, .key_pem = identity.key_pem};
  options.max_message_bytes = agentproto::kMaxMessageBytes;
  options.max_backlog = 4u << 20;
  const std::weak_ptr<Session> weak = session;
  net::WebSocketHandler handler;
  handler.on_text = [this, weak](std::string text) {
    if (const auto self = weak.lock()) receive(self, text);
  };
  handler.on_binary = [tunnel = session->tunnel](std::string bytes) { tunnel->receive(bytes); };
  handler.on_writable = [tunnel = session->tunnel] { tunnel->writable(); };
  handler.on_closed = [this, weak, tunnel = session->tunnel](std::string reason) {
    tunnel->shutdown(reason);
    const auto self = weak.lock();
    if (!self) return;
    const std::scoped_lock lock(mutex_);
    self->ended = true;
    self->reason = std::move(reason);
    changed_.notify_all();
  };
  session->socket = SLIPWAY_TRY(parts_.runtime->connect_websocket(options, std::move(handler)));
  session->tunnel->attach(session->socket);
  return session;
}

void OrchestratorLink::receive(const std::shared_ptr<Session>& session, std::string_view text) {
  Result<agentproto::ServerMessage> message = agentproto::parse_server_message(text);
  if (!message) {
    // A newer orchestrator may say what this agent does not know; it shows in the log, the rest goes on.
    base::log_warning("agent", "message of the orchestrator ignored: {}", message.error().message());
    if (message.error().code() != ErrorCode::kUnsupported && session->socket) session->socket->close("bad message");
    return;
  }
  if (auto* assignment = std::get_if<agentproto::Assignment>(&*message))
    return parts_.on_assignment(std::move(*assignment));
  const std::scoped_lock lock(mutex_);
  if (auto* trust = std::get_if<agentproto::Trust>(&*message)) {
    trust_ = std::move(*trust);
  } else {
    renewed_ = std::get<agentproto::Certificate>(std::move(*message));
  }
  changed_.notify_all();
}

void OrchestratorLink::ask_for_renewal(const std::shared_ptr<Session>& session, const Identity& identity) {
  if (auto csr = pki::create_csr(identity.key_pem, {.common_name = "slipway-agent"}))
    session->socket->send_text(agentproto::encode(AgentMessage(agentproto::Renew{std::move(*csr)})));
}

void OrchestratorLink::take_trust(const std::shared_ptr<Session>& session, const agentproto::Trust& trust) {
  const auto present = store_.load();
  if (!present || !*present) return;
  Identity identity = **present;
  if (const auto authorities = pki::split_certificates(trust.ca_pem); !authorities) {
    base::log_warning("agent", "the new authorities are not used: {}", authorities.error().message());
    return;
  }
  if (identity.ca_pem != trust.ca_pem) {
    identity.ca_pem = trust.ca_pem;
    if (const Status saved = store_.save(identity); !saved) {
      base::log_warning("agent", "the new authorities: {}", saved.error().message());
      return;
    }
    base::log_info("agent", "other certificate authorities are trusted from now on, as the orchestrator said");
  }
  if (!pki::is_signed_by(identity.certificate_pem, identity.ca_pem)) ask_for_renewal(session, identity);
}

void OrchestratorLink::take_certificate(agentproto::Certificate certificate) {
  const auto present = store_.load();
  if (!present || !*present) return;
  Identity identity = **present;
  identity.certificate_pem = std::move(certificate.certificate_pem);
  if (!certificate.ca_pem.empty()) identity.ca_pem = std::move(certificate.ca_pem);
  if (const Status fits = pki::check_pair({identity.certificate_pem, identity.key_pem}); !fits) {
    base::log_warning("agent", "the renewed certificate is not used: {}", fits.error().message());
    return;
  }
  if (const Status saved = store_.save(identity); !saved)
    base::log_warning("agent", "the renewed certificate: {}", saved.error().message());
}

Status OrchestratorLink::serve(const Identity& identity, const std::stop_token& stop) {
  // Before the connection: the first report goes out without a pause.
  Hello reported = parts_.report();
  const std::shared_ptr<Session> session = SLIPWAY_TRY(connect(identity));
  refused_ = false;
  base::log_info("agent", "connected to {}:{}", options_.server.host, options_.server.port);
  {
    const std::scoped_lock lock(mutex_);
    session_ = session;
    look_again_ = true;  // the work may have moved on meanwhile
  }
  if (wants_renewal(identity, parts_.clock->now())) ask_for_renewal(session, identity);
  bool first = true;
  auto next_look = parts_.clock->steady();
  std::unique_lock lock(mutex_);
  while (!session->ended && !stop.stop_requested()) {
    if (renewed_) {
      agentproto::Certificate certificate = std::move(*renewed_);
      renewed_.reset();
      lock.unlock();
      take_certificate(std::move(certificate));
      lock.lock();
      continue;
    }
    if (trust_) {
      const agentproto::Trust trust = std::move(*trust_);
      trust_.reset();
      lock.unlock();
      take_trust(session, trust);
      lock.lock();
      continue;
    }
    if (look_again_ || parts_.clock->steady() >= next_look) {
      const bool asked = std::exchange(look_again_, false);
      next_look = parts_.clock->steady() + std::chrono::nanoseconds(kLookInterval);
      lock.unlock();
      Hello newest = parts_.report();
      if (first || asked || !same_host(newest, reported)) {
        session->socket->send_text(agentproto::encode(AgentMessage(newest)));
        reported = std::move(newest);
        first = false;
      }
      lock.lock();
      continue;
    }
    parts_.clock->wait_until(changed_, lock, next_look, stop);
  }
  const std::string reason = session->reason;
  const bool ended = session->ended;
  session_.reset();
  lock.unlock();
  session->socket->close("the agent stops");
  session->tunnel->shutdown("the agent stops");
  return ended && !reason.empty() ? base::fail(ErrorCode::kUnavailable, "the connection ended: " + reason) : Status{};
}

}  // namespace slipway::agent
