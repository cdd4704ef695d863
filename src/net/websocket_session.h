#pragma once

#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "net/connection.h"
#include "net/websocket.h"
#include "net/websocket_frame.h"

namespace slipway::net {

// A WebSocket on a Connection, from the moment the upgrade is done. Internal to net. feed() and connection_*() are
// called on the loop's thread by whoever owns the connection's callbacks.
class WebSocketSession final : public WebSocket, public std::enable_shared_from_this<WebSocketSession> {
 public:
  struct Options {
    WebSocketRole role = WebSocketRole::kServer;
    std::chrono::milliseconds ping_interval{20'000};
    std::size_t max_message_bytes = 4u << 20;
    std::size_t max_backlog = 16u << 20;
  };
  WebSocketSession(std::shared_ptr<Connection> connection, Options options, WebSocketHandler handler);

  void start();  // begins pinging
  void feed(std::string_view bytes);
  void connection_writable();
  void connection_closed(const base::Error& reason);

  bool send_text(std::string text) override;
  bool send_binary(std::string bytes) override;
  std::size_t backlog() const override { return connection_->backlog(); }
  void close(std::string_view reason) override;
  bool is_open() const override;

 private:
  bool send_frame(WebSocketOpcode opcode, std::string_view payload);
  void end(std::uint16_t code, std::string_view reason);
  void take(WebSocketMessage message);
  void on_ping_timer();
  void arm_ping_timer();

  const std::shared_ptr<Connection> connection_;
  const Options options_;

  // Loop thread only.
  WebSocketHandler handler_;
  WebSocketReader reader_;
  std::chrono::steady_clock::time_point last_heard_;
  EventLoop::TimerId ping_timer_ = 0;
  bool over_ = false;

  mutable std::mutex mutex_;
  bool ended_ = false;  // a close frame was sent or the connection is gone
  std::string end_reason_;
};

// base64(sha1(key + GUID)), the answer to Sec-WebSocket-Key.
std::string websocket_accept_key(std::string_view key);
std::string random_websocket_key();

}  // namespace slipway::net
