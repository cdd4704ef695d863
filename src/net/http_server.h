#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "net/http_message.h"
#include "net/tls.h"
#include "net/websocket.h"

namespace slipway::net {

// The sending side of a chunked response (a watch). Thread-safe; may outlive the connection.
class BodyStream {
 public:
  virtual ~BodyStream() = default;
  // False when the client is gone or its unsent bytes exceed the buffer limit (the connection is then cut).
  virtual bool write(std::string_view bytes) = 0;
  // The same for bytes that other streams send too; they are not copied.
  virtual bool write_shared(std::vector<SharedBytes> parts);
  virtual void finish() = 0;
  // So much is unsent that a writer that can wait should: on_writable's callback (from a network thread, quick) says
  // when.
  virtual bool is_congested() const { return false; }
  virtual void on_writable(std::function<void()> callback) { (void)callback; }
  // Called once, from a network thread, when the client went away or finish() was sent. Set before the first write.
  virtual void on_closed(std::function<void()> callback) = 0;
};

// How a handler answers: exactly one of the three.
class Responder {
 public:
  virtual ~Responder() = default;
  virtual void send(HttpResponse response) = 0;
  // Sends the head now and returns the body's stream.
  virtual std::shared_ptr<BodyStream> stream(HttpResponse head) = 0;
  // Accepts a websocket upgrade. The handler's callbacks are set before any message is read.
  virtual std::shared_ptr<WebSocket> accept_websocket(WebSocketHandler handler) = 0;

  // For an answer that comes after the handler returned, from any thread: request and responder live, and the request
  // counts as under way, as long as somebody holds what this returns. Let go without an answer it is answered with 500.
  virtual std::shared_ptr<Responder> keep() = 0;
  // Runs `task`, a later part of a kept request's handling, on a worker thread, before requests that have not begun.
  // Dropped when the server has stopped.
  virtual void resume(std::function<void()> task) = 0;
};

// Whose turn a request waits for. The classes take turns, and within a class its users.
struct RequestFlow {
  int flow_class = 0;
  std::string user;
};

// A request that no handler sees: malformed, too large, too slow, or more than the queues take.
struct RefusedRequest {
  int status = 0;  // 400, 408, 413, 429, 431, 503
  std::string_view message;
  // Its head, peer and certificate; null when no whole head came.
  const HttpRequest* request = nullptr;
};

// Runs on one of the server's worker threads; may block. An exception is answered with 500.
using HttpHandler = std::function<void(const HttpRequest&, Responder&)>;

struct HttpServerOptions {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;  // 0 = any free one
  TlsServerOptions tls;    // empty certificate = plain HTTP (loopback only, asked for explicitly)
  int worker_threads = 8;
  int network_niceness = 0;  // of the threads that do TLS and parse, as in nice(1): other doors' work goes first
  std::size_t max_queued_requests = 10'000;  // beyond: 503; half of them by one user: 429
  // By the certificate and headers of a request, on a network thread: must be quick. Empty = all are one user.
  std::function<RequestFlow(const HttpRequest&)> flow_of;
  // The answer to a refused request, on a network thread: must be quick. Empty = plain text.
  std::function<HttpResponse(const RefusedRequest&)> refuse;
  std::size_t max_header_bytes = 64u << 10;
  std::size_t max_body_bytes = 3u << 20;
  std::size_t max_connections = 20'000;
  std::size_t max_stream_backlog = 16u << 20;  // unsent bytes of one watch or websocket
  std::chrono::seconds header_timeout{10};     // also for the TLS handshake
  std::chrono::seconds body_timeout{30};
  std::chrono::seconds idle_timeout{120};
  std::chrono::milliseconds websocket_ping_interval{20'000};
  std::size_t max_websocket_message_bytes = 4u << 20;
};

// HTTP/1.1 with keep-alive, chunked streams and websocket upgrades over TLS.
class HttpServer {
 public:
  // Binds and starts serving. kUnavailable when the address is taken, with the address in the message.
  static base::Result<std::unique_ptr<HttpServer>> start(HttpServerOptions options, HttpHandler handler);
  virtual ~HttpServer() = default;
  virtual std::uint16_t port() const = 0;
  // Uses new certificates or trust for connections from now on.
  virtual base::Status reload_tls(const TlsServerOptions& tls) = 0;
  // Stops accepting and ends idle connections and websockets. Requests under way are answered, with `Connection:
  // close`, and their clients have until `grace` is over to read the answers; then all is cut. A stream ends when its
  // writer finishes it. Idempotent.
  virtual void stop(std::chrono::milliseconds grace) = 0;
};

}  // namespace slipway::net
