#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <string_view>

#include "net/connection.h"
#include "net/http_parser.h"
#include "net/http_server.h"
#include "net/websocket_session.h"
#include "net/worker_pool.h"

namespace slipway::net {

// What all connections of a server share. Internal to net.
struct HttpService {
  HttpServerOptions options;
  HttpHandler handler;
  WorkerPool workers;
  std::atomic<std::size_t> connections = 0;
  std::atomic<std::size_t> running_handlers = 0;
  std::atomic<bool> stopping = false;

  HttpService(HttpServerOptions chosen, HttpHandler handle)
      : options(std::move(chosen)),
        handler(std::move(handle)),
        workers(options.worker_threads, options.max_queued_requests) {}
};

class ChunkedBody;

// One client of the server: reads requests one after the other, hands them to the workers, writes the answers.
// States: waiting for a request -> a handler runs -> (answer sent: waiting again | stream open | websocket).
// Everything runs on the connection's loop unless said otherwise. Internal to net.
class HttpConnection final : public std::enable_shared_from_this<HttpConnection> {
 public:
  HttpConnection(std::shared_ptr<HttpService> service, std::shared_ptr<Connection> connection);
  ~HttpConnection();
  void start();

  // The server stops: without a request under way the connection ends now, else with the answer; a websocket is closed.
  void begin_stop();
  void abort(std::string_view reason) { connection_->abort(reason); }

  // The answer to a request that no handler sees. Any thread.
  HttpResponse refusal(int status, std::string_view message, const HttpRequest* request) const;

  // Called by a handler's Responder, from any thread, once per request.
  void answer(HttpResponse response);
  std::shared_ptr<BodyStream> begin_stream(HttpResponse head);
  std::shared_ptr<WebSocket> upgrade(const HttpRequest& request, WebSocketHandler handler);

 private:
  enum class State { kWaiting, kHandling, kStreaming, kWebSocket, kEnding };
  friend class ChunkedBody;

  void on_open();
  void on_data(std::string_view bytes);
  void on_closed(const base::Error& reason);
  void read_request();
  void dispatch(HttpRequest request);
  void identify(HttpRequest& request) const;
  void refuse(const base::Error& error);
  void end_with(int status, std::string_view message);
  void request_done();
  void arm_timer(std::chrono::milliseconds delay, int status, std::string_view reason);
  void disarm_timer();
  void stream_finished();

  const std::shared_ptr<HttpService> service_;
  const std::shared_ptr<Connection> connection_;
  HttpRequestParser parser_;
  State state_ = State::kWaiting;
  bool continue_sent_ = false;
  enum class Phase { kIdle, kHead, kBody };
  Phase phase_ = Phase::kIdle;
  EventLoop::TimerId timer_ = 0;
  std::size_t held_back_ = 0;  // bytes that came while a handler runs
  bool paused_ = false;
  bool has_certificate_ = false;
  PeerCertificate certificate_;
  std::shared_ptr<ChunkedBody> body_;
  std::shared_ptr<WebSocketSession> websocket_;

  // Of the current request; set before the handler runs.
  bool keep_alive_ = true;
  bool http_1_0_ = false;
  bool is_head_request_ = false;
};

}  // namespace slipway::net
