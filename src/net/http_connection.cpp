#include "net/http_connection.h"

#include <fmt/core.h>

#include "net/http_exchange.h"
#include "net/http_text.h"

namespace slipway::net {

using base::ErrorCode;

namespace {

constexpr std::size_t kUnbounded = static_cast<std::size_t>(-1) / 2;
constexpr std::size_t kMaxHeldBack = 64u << 10;

bool has_token(std::string_view header, std::string_view wanted) {
  std::size_t at = 0;
  while (at <= header.size()) {
    const std::size_t end = std::min(header.find(',', at), header.size());
    std::string_view token = header.substr(at, end - at);
    while (!token.empty() && token.front() == ' ') token.remove_prefix(1);
    while (!token.empty() && token.back() == ' ') token.remove_suffix(1);
    if (std::equal(token.begin(), token.end(), wanted.begin(), wanted.end(),
                   [](char a, char b) { return std::tolower(static_cast<unsigned char>(a)) == b; })) {
      return true;
    }
    at = end + 1;
  }
  return false;
}

}  // namespace

// The body of a response that goes on for long. write() and finish() come from any thread.
class ChunkedBody final : public BodyStream, public std::enable_shared_from_this<ChunkedBody> {
 public:
  ChunkedBody(std::shared_ptr<HttpConnection> owner, std::size_t max_backlog, bool chunked, bool silent)
      : owner_(std::move(owner)), max_backlog_(max_backlog), chunked_(chunked), silent_(silent) {}

  bool write(std::string_view bytes) override {
    const std::shared_ptr<HttpConnection> owner = current_owner();
    if (!owner) return false;
    if (bytes.empty() || silent_) return true;
    return send(*owner->connection_, {share(chunked_ ? render_chunk(bytes) : std::string(bytes))});
  }

  bool write_shared(std::vector<SharedBytes> parts) override {
    const std::shared_ptr<HttpConnection> owner = current_owner();
    if (!owner) return false;
    std::size_t size = 0;
    for (const SharedBytes& part : parts) size += part->size();
    if (size == 0 || silent_) return true;
    if (chunked_) {
      static const std::string kEnd = "\r\n";
      parts.insert(parts.begin(), share(fmt::format("{:x}\r\n", size)));
      parts.push_back(SharedBytes(std::shared_ptr<void>(), &kEnd));  // lives as long as the program
    }
    return send(*owner->connection_, std::move(parts));
  }

  void finish() override {
    const std::shared_ptr<HttpConnection> owner = current_owner();
    if (!owner) return;
    {
      const std::lock_guard lock(mutex_);
      if (std::exchange(finished_, true)) return;
    }
    if (chunked_ && !silent_) owner->connection_->send("0\r\n\r\n", kUnbounded);
    owner->connection_->loop().post([owner] { owner->stream_finished(); });
  }

  bool is_congested() const override {
    const std::lock_guard lock(mutex_);
    return owner_ && !finished_ && owner_->connection_->backlog() > kWritableBytes;
  }

  void on_writable(std::function<void()> callback) override {
    const std::lock_guard lock(mutex_);
    if (owner_) on_writable_ = std::move(callback);
  }

  void writable() {
    std::function<void()> callback;
    {
      const std::lock_guard lock(mutex_);
      callback = on_writable_;
    }
    if (callback) callback();
  }

  void on_closed(std::function<void()> callback) override {
    {
      const std::lock_guard lock(mutex_);
      if (owner_) {
        on_closed_ = std::move(callback);
        return;
      }
    }
    if (callback) callback();
  }

  // The connection is gone or the body complete.
  void closed() {
    std::shared_ptr<HttpConnection> owner;
    std::function<void()> callback;
    {
      const std::lock_guard lock(mutex_);
      owner = std::exchange(owner_, nullptr);
      callback = std::exchange(on_closed_, nullptr);
      on_writable_ = nullptr;
    }
    if (callback) callback();
  }

 private:
  static SharedBytes share(std::string bytes) { return std::make_shared<const std::string>(std::move(bytes)); }

  bool send(Connection& connection, std::vector<SharedBytes> parts) {
    if (connection.send(std::move(parts), max_backlog_)) return true;
    connection.abort("the client reads too slowly");
    return false;
  }

  std::shared_ptr<HttpConnection> current_owner() {
    const std::lock_guard lock(mutex_);
    return finished_ ? nullptr : owner_;
  }

  mutable std::mutex mutex_;
  std::shared_ptr<HttpConnection> owner_;
  bool finished_ = false;
  std::function<void()> on_closed_;
  std::function<void()> on_writable_;
  const std::size_t max_backlog_;
  const bool chunked_;
  const bool silent_;  // the answer to a HEAD request
};

HttpConnection::HttpConnection(std::shared_ptr<HttpService> service, std::shared_ptr<Connection> connection)
    : service_(std::move(service)),
      connection_(std::move(connection)),
      parser_({service_->options.max_header_bytes, service_->options.max_body_bytes}) {
  ++service_->connections;
}

HttpConnection::~HttpConnection() {
  --service_->connections;
}

void HttpConnection::start() {
  const auto self = shared_from_this();
  connection_->start({.on_open = [self] { self->on_open(); },
                      .on_data = [self](std::string_view bytes) { self->on_data(bytes); },
                      .on_writable =
                          [self] {
                            if (self->websocket_) self->websocket_->connection_writable();
                            if (self->body_) self->body_->writable();
                          },
                      .on_closed = [self](const base::Error& reason) { self->on_closed(reason); }});
}

void HttpConnection::on_open() {
  if (connection_->tls() != nullptr) {
    if (auto certificate = peer_certificate(connection_->tls())) {
      has_certificate_ = true;
      certificate_ = std::move(*certificate);
    }
  }
  arm_timer(service_->options.header_timeout, 408, "no request came in time");
  phase_ = Phase::kHead;
}

void HttpConnection::on_data(std::string_view bytes) {
  switch (state_) {
    case State::kWaiting:
      parser_.feed(bytes);
      read_request();
      return;
    case State::kHandling:
    case State::kStreaming:
      // A pipelined request waits its turn; a client that pushes more than a little waits in the socket.
      parser_.feed(bytes);
      held_back_ += bytes.size();
      if (held_back_ > kMaxHeldBack && !paused_) {
        paused_ = true;
        connection_->pause_reading();
      }
      return;
    case State::kWebSocket:
      websocket_->feed(bytes);
      return;
    case State::kEnding:
      return;
  }
}

void HttpConnection::read_request() {
  HttpRequest request;
  const base::Result<HttpProgress> progress = parser_.next(request);
  if (!progress) {
    refuse(progress.error());
    return;
  }
  switch (*progress) {
    case HttpProgress::kDone:
      disarm_timer();
      dispatch(std::move(request));
      return;
    case HttpProgress::kNeedBody:
      if (phase_ != Phase::kBody) {
        phase_ = Phase::kBody;
        arm_timer(service_->options.body_timeout, 408, "the body did not come in time");
      }
      if (parser_.expects_continue() && !std::exchange(continue_sent_, true)) {
        connection_->send("HTTP/1.1 100 Continue\r\n\r\n", kUnbounded);
      }
      return;
    case HttpProgress::kNeedHead:
      // The deadline of a head runs from its first byte; what trickles in later does not move it.
      if (phase_ == Phase::kIdle && parser_.has_begun()) {
        phase_ = Phase::kHead;
        arm_timer(service_->options.header_timeout, 408, "the request's head did not come in time");
      }
      return;
  }
}

void HttpConnection::refuse(const base::Error& error) {
  switch (error.code()) {
    case ErrorCode::kTooLarge:
      end_with(413, error.message());
      return;
    case ErrorCode::kInvalid:
      end_with(431, error.message());
      return;
    default:
      end_with(400, error.message());
  }
}

void HttpConnection::identify(HttpRequest& request) const {
  request.peer_address = connection_->peer_address();
  request.has_certificate = has_certificate_;
  request.certificate = certificate_;
}

HttpResponse HttpConnection::refusal(int status, std::string_view message, const HttpRequest* request) const {
  if (service_->options.refuse) return service_->options.refuse({status, message, request});
  return {.status = status, .headers = {{"content-type", "text/plain"}}, .body = fmt::format("{}\n", message)};
}

void HttpConnection::end_with(int status, std::string_view message) {
  disarm_timer();
  state_ = State::kEnding;
  std::optional<HttpRequest> request = parser_.unfinished();
  if (request) identify(*request);
  const HttpResponse response = refusal(status, message, request ? &*request : nullptr);
  connection_->send(render_head(response, {.keep_alive = false}) + response.body, kUnbounded);
  connection_->close(message);
}

void HttpConnection::dispatch(HttpRequest request) {
  state_ = State::kHandling;
  phase_ = Phase::kIdle;
  continue_sent_ = false;
  held_back_ = 0;
  keep_alive_ = parser_.keep_alive() && !service_->stopping;
  http_1_0_ = parser_.is_http_1_0();
  is_head_request_ = request.method == "HEAD";
  identify(request);
  const RequestFlow flow = service_->options.flow_of ? service_->options.flow_of(request) : RequestFlow{};
  const auto exchange = std::make_shared<HttpExchange>(service_, shared_from_this(), std::move(request));
  const auto admission =
      service_->workers.run(flow, [exchange](WorkerPool::Slot slot) { exchange->handle(std::move(slot)); });
  if (admission == WorkerPool::Admission::kUserFull)
    exchange->refuse(429, "too many of your requests are waiting; try again later");
  else if (admission == WorkerPool::Admission::kFull)
    exchange->refuse(503, "the server is overloaded; try again later");
}

void HttpConnection::answer(HttpResponse response) {
  if (service_->stopping) keep_alive_ = false;
  const bool without_body = response.status < 200 || response.status == 204 || response.status == 304;
  std::string head = render_head(response, {.keep_alive = keep_alive_, .without_body = without_body});
  if (without_body || is_head_request_) {
    connection_->send(std::move(head), kUnbounded);
  } else if (response.parts.empty()) {
    connection_->send(head += response.body, kUnbounded);
  } else {
    response.parts.insert(response.parts.begin(), std::make_shared<const std::string>(head += response.body));
    connection_->send(std::move(response.parts), kUnbounded);
  }
  connection_->loop().post([self = shared_from_this()] { self->request_done(); });
}

void HttpConnection::request_done() {
  if (state_ == State::kEnding) return;
  if (!keep_alive_) {
    state_ = State::kEnding;
    connection_->close("done");
    return;
  }
  state_ = State::kWaiting;
  if (std::exchange(paused_, false)) connection_->resume_reading();
  if (parser_.has_begun()) {
    phase_ = Phase::kHead;
    arm_timer(service_->options.header_timeout, 408, "the request's head did not come in time");
    read_request();
    return;
  }
  if (service_->stopping) {
    connection_->close("the server is stopping");
    return;
  }
  phase_ = Phase::kIdle;
  arm_timer(service_->options.idle_timeout, 0, "idle");
}

std::shared_ptr<BodyStream> HttpConnection::begin_stream(HttpResponse head) {
  const bool chunked = !http_1_0_;
  if (!chunked || service_->stopping) keep_alive_ = false;
  auto body = std::make_shared<ChunkedBody>(shared_from_this(), service_->options.max_stream_backlog, chunked,
                                            is_head_request_);
  connection_->send(render_head(head, {.keep_alive = keep_alive_, .chunked = chunked, .until_close = !chunked}),
                    kUnbounded);
  if (!head.body.empty()) body->write(head.body);
  const bool posted = connection_->loop().post([self = shared_from_this(), body] {
    if (self->state_ == State::kEnding || self->connection_->is_closed()) {
      body->closed();
      return;
    }
    self->body_ = body;
    self->state_ = State::kStreaming;
    body->writable();  // it may have become so before anybody listened
  });
  if (!posted) body->closed();
  return body;
}

void HttpConnection::stream_finished() {
  const auto body = std::exchange(body_, nullptr);
  if (!body) return;
  body->closed();
  if (state_ == State::kStreaming) request_done();
}

std::shared_ptr<WebSocket> HttpConnection::upgrade(const HttpRequest& request, WebSocketHandler handler) {
  const std::string_view key = request.header("sec-websocket-key");
  if (request.method != "GET" || !has_token(request.header("upgrade"), "websocket") ||
      !has_token(request.header("connection"), "upgrade") || request.header("sec-websocket-version") != "13" ||
      key.size() != 24) {
    answer({.status = 426,
            .headers = {{"upgrade", "websocket"}, {"sec-websocket-version", "13"}, {"content-type", "text/plain"}},
            .body = "this address speaks websocket only\n"});
    return nullptr;
  }
  const HttpServerOptions& options = service_->options;
  auto session = std::make_shared<WebSocketSession>(connection_,
                                                    WebSocketSession::Options{
                                                        .role = WebSocketRole::kServer,
                                                        .ping_interval = options.websocket_ping_interval,
                                                        .max_message_bytes = options.max_websocket_message_bytes,
                                                        .max_backlog = options.max_stream_backlog,
                                                    },
                                                    std::move(handler));
  const HttpResponse response{
      .status = 101,
      .headers = {
          {"upgrade", "websocket"}, {"connection", "Upgrade"}, {"sec-websocket-accept", websocket_accept_key(key)}}};
  connection_->send(render_head(response, {.without_body = true}), kUnbounded);
  connection_->loop().post([self = shared_from_this(), session] {
    if (self->state_ == State::kEnding) {
      session->connection_closed(base::fail(ErrorCode::kUnavailable, "the peer closed the connection"));
      return;
    }
    self->websocket_ = session;
    self->state_ = State::kWebSocket;
    session->start();
    if (std::exchange(self->paused_, false)) self->connection_->resume_reading();
    const std::string rest = self->parser_.take_rest();
    if (!rest.empty()) session->feed(rest);
    if (self->service_->stopping) session->close("the server is stopping");
  });
  return session;
}

void HttpConnection::on_closed(const base::Error& reason) {
  disarm_timer();
  state_ = State::kEnding;
  if (const auto body = std::exchange(body_, nullptr)) body->closed();
  if (const auto websocket = std::exchange(websocket_, nullptr)) websocket->connection_closed(reason);
}

void HttpConnection::begin_stop() {
  if (state_ == State::kWaiting && !parser_.has_begun()) connection_->close_idle("the server is stopping");
  if (state_ == State::kWebSocket) websocket_->close("the server is stopping");
}

// `status` 0: the connection just ends.
void HttpConnection::arm_timer(std::chrono::milliseconds delay, int status, std::string_view reason) {
  disarm_timer();
  timer_ = connection_->loop().add_timer(delay, [self = shared_from_this(), status, text = std::string(reason)] {
    self->timer_ = 0;
    if (status == 0) {
      self->state_ = State::kEnding;
      self->connection_->close(text);
    } else {
      self->end_with(status, text);
    }
  });
}

void HttpConnection::disarm_timer() {
  connection_->loop().cancel_timer(timer_);
  timer_ = 0;
}

}  // namespace slipway::net
