#include "southbound/connections.h"

#include <fmt/core.h>

#include "base/log.h"

namespace slipway::southbound {

using base::ErrorCode;

namespace {

void end(Connections::Connection& connection, std::string_view reason) {
  if (connection.tunnel) connection.tunnel->shutdown(reason);
  if (connection.socket) connection.socket->close(reason);
}

// A flood of renewals is nobody's honest need.
constexpr std::size_t kMaxRenewals = 2;

}  // namespace

void Connections::open(const ObjectKey& host, Connection connection) {
  std::optional<Connection> older;
  const std::shared_ptr<net::WebSocket> socket = connection.socket;
  std::string trusted;
  {
    std::lock_guard lock(mutex_);
    trusted = trusted_pem_;
    const auto found = connections_.find(host);
    if (found != connections_.end()) older = std::move(found->second);
    connections_.insert_or_assign(host, std::move(connection));
  }
  if (older) end(*older, "replaced by a newer connection");
  if (!trusted.empty()) socket->send_text(agentproto::encode(agentproto::ServerMessage(agentproto::Trust{trusted})));
  changed_(host);
}

void Connections::set_trust(const std::string& ca_pem) {
  std::vector<std::shared_ptr<net::WebSocket>> sockets;
  {
    std::lock_guard lock(mutex_);
    trusted_pem_ = ca_pem;
    for (const auto& [host, connection] : connections_) sockets.push_back(connection.socket);
  }
  const std::string message = agentproto::encode(agentproto::ServerMessage(agentproto::Trust{ca_pem}));
  for (const auto& socket : sockets) socket->send_text(message);
}

void Connections::ended(const ObjectKey& host, const net::WebSocket* socket) {
  Connection gone;
  {
    std::lock_guard lock(mutex_);
    if (current(host, socket) == nullptr) return;
    gone = std::move(connections_.at(host));
    connections_.erase(host);
  }
  end(gone, "the agent's stream ended");
  changed_(host);
}

bool Connections::close(const ObjectKey& host, std::string_view reason) {
  Connection gone;
  {
    std::lock_guard lock(mutex_);
    const auto found = connections_.find(host);
    if (found == connections_.end()) return false;
    gone = std::move(found->second);
    connections_.erase(found);
  }
  end(gone, reason);
  changed_(host);
  return true;
}

void Connections::close_all(std::string_view reason) {
  std::map<ObjectKey, Connection> all;
  {
    std::lock_guard lock(mutex_);
    all.swap(connections_);
  }
  for (auto& [host, connection] : all) end(connection, reason);
}

Connections::Connection* Connections::current(const ObjectKey& host, const net::WebSocket* socket) {
  const auto found = connections_.find(host);
  return found != connections_.end() && found->second.socket.get() == socket ? &found->second : nullptr;
}

void Connections::receive(const ObjectKey& host, const net::WebSocket* socket, std::string_view text) {
  auto message = agentproto::parse_agent_message(text);
  if (!message) {
    base::log_warning("southbound", "host {}: {}; its connection is closed", host.text(), message.error().message());
    close(host, "malformed message");
    return;
  }
  {
    std::lock_guard lock(mutex_);
    Connection* connection = current(host, socket);
    if (connection == nullptr) return;
    if (auto* hello = std::get_if<agentproto::Hello>(&*message)) {
      connection->hello = std::move(*hello);
    } else if (auto* progress = std::get_if<agentproto::Progress>(&*message)) {
      if (!connection->hello) return;  // the agent always says hello first
      connection->hello->work = std::move(progress->work);
    } else if (auto* renew = std::get_if<agentproto::Renew>(&*message)) {
      if (connection->renewals.size() < kMaxRenewals) connection->renewals.push_back(std::move(renew->csr_pem));
    }
  }
  changed_(host);
}

HostReport Connections::report(const ObjectKey& host) const {
  std::lock_guard lock(mutex_);
  const auto found = connections_.find(host);
  if (found == connections_.end()) return {};
  return {.connected = true, .hello = found->second.hello};
}

std::string Connections::key_fingerprint(const ObjectKey& host) const {
  std::lock_guard lock(mutex_);
  const auto found = connections_.find(host);
  return found == connections_.end() ? "" : found->second.key_fingerprint;
}

bool Connections::is_sent(const ObjectKey& host, const agentproto::Assignment& assignment) const {
  std::lock_guard lock(mutex_);
  const auto found = connections_.find(host);
  return found != connections_.end() && found->second.sent == assignment;
}

bool Connections::push(const ObjectKey& host, const agentproto::Assignment& assignment) {
  std::shared_ptr<net::WebSocket> socket;
  {
    std::lock_guard lock(mutex_);
    const auto found = connections_.find(host);
    // Before its hello the agent's own state is unknown; the hello wakes the controller again.
    if (found == connections_.end() || !found->second.hello || found->second.sent == assignment) return false;
    found->second.sent = assignment;
    socket = found->second.socket;
  }
  return socket->send_text(agentproto::encode(agentproto::ServerMessage(assignment)));
}

std::optional<std::string> Connections::take_renewal(const ObjectKey& host) {
  std::lock_guard lock(mutex_);
  const auto found = connections_.find(host);
  if (found == connections_.end() || found->second.renewals.empty()) return std::nullopt;
  std::string csr = std::move(found->second.renewals.front());
  found->second.renewals.erase(found->second.renewals.begin());
  return csr;
}

void Connections::send_certificate(const ObjectKey& host, const agentproto::Certificate& certificate) {
  std::shared_ptr<net::WebSocket> socket;
  {
    std::lock_guard lock(mutex_);
    const auto found = connections_.find(host);
    if (found != connections_.end()) socket = found->second.socket;
  }
  if (socket) socket->send_text(agentproto::encode(agentproto::ServerMessage(certificate)));
}

base::Result<std::shared_ptr<net::TunnelStream>> Connections::open_tunnel(const ObjectKey& host,
                                                                          std::string_view target) {
  std::shared_ptr<net::TunnelMultiplexer> tunnel;
  {
    std::lock_guard lock(mutex_);
    const auto found = connections_.find(host);
    if (found != connections_.end()) tunnel = found->second.tunnel;
  }
  if (!tunnel) return base::fail(ErrorCode::kUnavailable, fmt::format("host '{}' is not connected", host.text()));
  return tunnel->open(target);
}

std::size_t Connections::size() const {
  std::lock_guard lock(mutex_);
  return connections_.size();
}

}  // namespace slipway::southbound
