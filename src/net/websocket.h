#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "net/tls.h"

namespace slipway::net {

inline constexpr std::size_t kWritableBytes = 256u << 10;

// Callbacks come from one network thread at a time per socket, in order, and must not block.
struct WebSocketHandler {
  std::function<void(std::string text)> on_text;
  std::function<void(std::string bytes)> on_binary;
  std::function<void()> on_writable;                  // backlog() fell below kWritableBytes after it had been above
  std::function<void(std::string reason)> on_closed;  // once, last
};

// One side of an open websocket (RFC 6455). Thread-safe. Pings are sent and answered by the implementation; a peer that
// is silent for 3 ping intervals is closed.
class WebSocket {
 public:
  virtual ~WebSocket() = default;
  // False when closed or when the unsent backlog is at its limit (the message was not taken).
  virtual bool send_text(std::string text) = 0;
  virtual bool send_binary(std::string bytes) = 0;
  virtual std::size_t backlog() const = 0;
  virtual void close(std::string_view reason) = 0;
  virtual bool is_open() const = 0;
};

struct WebSocketClientOptions {
  std::string host;
  std::uint16_t port = 0;
  std::string path;
  TlsClientOptions tls;
  std::chrono::milliseconds connect_timeout{10'000};
  std::chrono::milliseconds ping_interval{20'000};
  std::size_t max_message_bytes = 4u << 20;
  std::size_t max_backlog = 16u << 20;
};

class TcpConnection;

// Runs the client's network thread(s); one per process is enough. Light on memory: no libcurl, no Beast websocket state
// per message. Sockets end with it.
class ClientRuntime {
 public:
  static base::Result<std::unique_ptr<ClientRuntime>> start();
  virtual ~ClientRuntime() = default;

  // Blocks until the upgrade is done. kUnauthorized / kForbidden carry the server's refusal; kUnavailable a broken way.
  virtual base::Result<std::shared_ptr<WebSocket>> connect_websocket(const WebSocketClientOptions& options,
                                                                     WebSocketHandler handler) = 0;

  // One small HTTPS request (enrolment), without libcurl's memory.
  struct Request {
    std::string method = "GET";
    std::string host;
    std::uint16_t port = 0;
    std::string path;
    std::string content_type;
    std::string body;
    TlsClientOptions tls;
    std::chrono::milliseconds timeout{15'000};
    std::size_t max_response_bytes = 1u << 20;
  };
  virtual base::Result<HttpResponse> request(const Request& request) = 0;

  // A plain TCP connection (the tunnel's end towards 127.0.0.1:6443); callbacks as for a websocket.
  struct TcpHandler {
    std::function<void(std::string bytes)> on_data;
    std::function<void()> on_writable;                  // backlog() fell below kWritableBytes after it had been above
    std::function<void(std::string reason)> on_closed;  // once, last; the peer's end of data counts as closed
  };
  virtual base::Result<std::shared_ptr<TcpConnection>> connect_tcp(std::string_view host, std::uint16_t port,
                                                                   std::chrono::milliseconds timeout,
                                                                   TcpHandler handler) = 0;
  // The same without blocking; `done` runs on the network thread. Fit for callbacks. The host is an IP address or
  // "localhost": names are not looked up here.
  virtual void connect_tcp_async(std::string_view host, std::uint16_t port, std::chrono::milliseconds timeout,
                                 TcpHandler handler,
                                 std::function<void(base::Result<std::shared_ptr<TcpConnection>>)> done) = 0;
};

// Thread-safe.
class TcpConnection {
 public:
  virtual ~TcpConnection() = default;
  virtual bool send(std::string bytes) = 0;  // false when closed
  virtual std::size_t backlog() const = 0;   // unsent bytes
  virtual void pause_reading() = 0;          // back-pressure: no on_data until resume_reading
  virtual void resume_reading() = 0;
  virtual void close() = 0;  // after the bytes that were already taken; on_closed follows
  virtual void abort() = 0;  // at once
  virtual std::string peer_address() const = 0;
};

// Accepts raw TCP connections (the gateway). `accept` runs on a network thread and returns the handler.
struct TcpListenerOptions {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;
  std::size_t max_connections = 5'000;
};
class TcpListener {
 public:
  using Accept = std::function<ClientRuntime::TcpHandler(std::shared_ptr<TcpConnection>)>;
  static base::Result<std::unique_ptr<TcpListener>> start(TcpListenerOptions options, Accept accept);
  virtual ~TcpListener() = default;
  virtual std::uint16_t port() const = 0;
  virtual void stop() = 0;
};

}  // namespace slipway::net
