#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <string>

#include "gateway/client_hello.h"
#include "gateway/gateway.h"
#include "net/websocket.h"

namespace slipway::gateway {

// Counters as the sessions write them, and the refusals' log, which says at most one line a second.
struct GatewayStatistics {
  std::atomic<std::uint64_t> accepted = 0;
  std::atomic<std::uint64_t> tunnelled = 0;
  std::atomic<std::uint64_t> unknown_names = 0;
  std::atomic<std::uint64_t> unreachable = 0;
  std::atomic<std::uint64_t> malformed = 0;
  std::atomic<std::uint64_t> timed_out = 0;
  std::atomic<std::uint64_t> open = 0;

  void log_refusal(const std::string& peer, const std::string& reason);

 private:
  std::mutex mutex_;
  std::chrono::steady_clock::time_point last_line_{};
  std::uint64_t unsaid_ = 0;
};

// One client: first its hello is read, then everything goes through a bridge. Callbacks come from the listener's
// network thread; check() from the gateway's housekeeping thread.
class GatewaySession final : public std::enable_shared_from_this<GatewaySession> {
 public:
  using Clock = std::chrono::steady_clock;
  GatewaySession(std::shared_ptr<net::TcpConnection> connection, const GatewayOptions& options,
                 std::shared_ptr<const TunnelDialer> dialer, std::shared_ptr<GatewayStatistics> statistics);
  ~GatewaySession();
  net::ClientRuntime::TcpHandler handler();
  // Ends the session when it is late or idle. False once it has ended.
  bool check(Clock::time_point now);

 private:
  void on_data(std::string bytes);
  void on_closed(const std::string& reason);
  void connect(const std::string& server_name);
  void refuse(TlsAlert alert, std::string_view reason);

  const std::shared_ptr<net::TcpConnection> connection_;
  const std::chrono::milliseconds hello_timeout_;
  const std::chrono::milliseconds idle_timeout_;
  const std::shared_ptr<const TunnelDialer> dialer_;
  const std::shared_ptr<GatewayStatistics> statistics_;
  const Clock::time_point accepted_at_;

  // Network thread only.
  std::string hello_;
  bool refused_ = false;
  net::ClientRuntime::TcpHandler tunnel_;  // the bridge's side, once there is one

  std::mutex mutex_;
  std::shared_ptr<net::TunnelBridge> bridge_;
  bool ended_ = false;
  std::uint64_t last_count_ = 0;
  Clock::time_point last_change_;
};

}  // namespace slipway::gateway
