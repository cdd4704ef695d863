#include "gateway/gateway_session.h"

#include <fmt/core.h>

#include "base/log.h"

namespace slipway::gateway {

using base::ErrorCode;

void GatewayStatistics::log_refusal(const std::string& peer, const std::string& reason) {
  std::uint64_t unsaid = 0;
  {
    const std::lock_guard lock(mutex_);
    const auto now = std::chrono::steady_clock::now();
    if (now - last_line_ < std::chrono::seconds(1)) {
      ++unsaid_;
      return;
    }
    last_line_ = now;
    unsaid = std::exchange(unsaid_, 0);
  }
  const std::string more = unsaid > 0 ? fmt::format(" ({} more were refused since the last line)", unsaid) : "";
  base::log_warning("gateway", "refused {}: {}{}", peer, reason, more);
}

GatewaySession::GatewaySession(std::shared_ptr<net::TcpConnection> connection, const GatewayOptions& options,
                               std::shared_ptr<const TunnelDialer> dialer,
                               std::shared_ptr<GatewayStatistics> statistics)
    : connection_(std::move(connection)),
      hello_timeout_(options.hello_timeout),
      idle_timeout_(options.idle_timeout),
      dialer_(std::move(dialer)),
      statistics_(std::move(statistics)),
      accepted_at_(Clock::now()),
      last_change_(accepted_at_) {
  ++statistics_->accepted;
  ++statistics_->open;
}

GatewaySession::~GatewaySession() {
  --statistics_->open;
}

net::ClientRuntime::TcpHandler GatewaySession::handler() {
  const auto self = shared_from_this();
  return {.on_data = [self](std::string bytes) { self->on_data(std::move(bytes)); },
          .on_writable =
              [self] {
                if (self->tunnel_.on_writable) self->tunnel_.on_writable();
              },
          .on_closed = [self](const std::string& reason) { self->on_closed(reason); }};
}

void GatewaySession::on_data(std::string bytes) {
  if (tunnel_.on_data) {
    tunnel_.on_data(std::move(bytes));
    return;
  }
  if (refused_) return;
  hello_ += bytes;
  const base::Result<ClientHello> hello = read_client_hello(hello_);
  if (!hello) {
    ++statistics_->malformed;
    refuse(TlsAlert::kDecodeError, hello.error().message());
  } else if (hello->complete) {
    connect(hello->server_name);
  }
}

void GatewaySession::connect(const std::string& server_name) {
  if (server_name.empty()) {
    ++statistics_->unknown_names;
    refuse(TlsAlert::kUnrecognizedName, "the client names no server (tls-server-name of its kubeconfig)");
    return;
  }
  auto stream = (*dialer_)(server_name);
  if (!stream) {
    const bool unknown = stream.error().code() == ErrorCode::kNotFound;
    ++(unknown ? statistics_->unknown_names : statistics_->unreachable);
    refuse(unknown ? TlsAlert::kUnrecognizedName : TlsAlert::kInternalError,
           fmt::format("{}: {}", server_name, stream.error().message()));
    return;
  }
  ++statistics_->tunnelled;
  const auto bridge = net::TunnelBridge::create(std::move(*stream));
  tunnel_ = bridge->tcp_handler();
  {
    const std::lock_guard lock(mutex_);
    bridge_ = bridge;
  }
  bridge->start(connection_);
  tunnel_.on_data(std::exchange(hello_, {}));
}

void GatewaySession::refuse(TlsAlert alert, std::string_view reason) {
  refused_ = true;
  hello_ = {};
  statistics_->log_refusal(connection_->peer_address(), std::string(reason));
  connection_->send(alert_record(alert));
  connection_->close();
}

void GatewaySession::on_closed(const std::string& reason) {
  const auto tunnel = std::exchange(tunnel_, {});
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
    bridge_.reset();
  }
  if (tunnel.on_closed) tunnel.on_closed(reason);
}

bool GatewaySession::check(Clock::time_point now) {
  std::shared_ptr<net::TunnelBridge> bridge;
  {
    const std::lock_guard lock(mutex_);
    if (ended_) return false;
    bridge = bridge_;
    if (bridge && bridge->transferred() != last_count_) {
      last_count_ = bridge->transferred();
      last_change_ = now;
    }
    const bool late = bridge ? now - last_change_ > idle_timeout_ : now - accepted_at_ > hello_timeout_;
    if (!late) return true;
    ended_ = true;
  }
  ++statistics_->timed_out;
  if (bridge) {
    bridge->close("idle for too long");
  } else {
    connection_->abort();
  }
  return false;
}

}  // namespace slipway::gateway
