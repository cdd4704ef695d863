#include <fmt/core.h>
#include <future>
#include <vector>

#include "net/http_parser.h"
#include "net/http_text.h"
#include "net/tcp_socket.h"
#include "net/websocket_session.h"

namespace slipway::net {

using base::Error;
using base::ErrorCode;
using base::fail;
using base::Result;

namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;
constexpr std::size_t kUnbounded = static_cast<std::size_t>(-1) / 2;

milliseconds left_until(Clock::time_point deadline) {
  return std::max(milliseconds(1), std::chrono::ceil<milliseconds>(deadline - Clock::now()));
}

// A value that the loop fills once and the calling thread waits for.
template <typename T>
class Answer {
 public:
  void set(Result<T> value) {
    if (!std::exchange(given_, true)) promise_.set_value(std::move(value));
  }
  bool given() const { return given_; }
  Result<T> wait(Clock::time_point deadline) {
    auto future = promise_.get_future();
    if (future.wait_until(deadline) != std::future_status::ready) {
      return fail(ErrorCode::kTimeout, "no answer in time");
    }
    return future.get();
  }

 private:
  std::promise<Result<T>> promise_;
  bool given_ = false;  // loop thread only
};

std::string host_header(const std::string& host, std::uint16_t port) {
  return host.find(':') != std::string::npos ? fmt::format("[{}]:{}", host, port) : fmt::format("{}:{}", host, port);
}

bool has_line_break(std::string_view text) {
  return text.find_first_of(std::string_view("\r\n \0", 4)) != std::string_view::npos;
}

// One line of what the server said, for an error message.
std::string short_body(const HttpResponse& response) {
  std::string text = response.body.substr(0, 300);
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  return text;
}

Error refusal(const HttpResponse& response) {
  const std::string said =
      fmt::format("the server answered {} {}: {}", response.status, status_text(response.status), short_body(response));
  if (response.status == 401) return fail(ErrorCode::kUnauthorized, said);
  if (response.status == 403) return fail(ErrorCode::kForbidden, said);
  if (response.status == 404) return fail(ErrorCode::kNotFound, said);
  return fail(ErrorCode::kUnavailable, said);
}

std::string_view header_of(const HttpResponse& response, std::string_view lower_case_name) {
  for (const auto& [name, value] : response.headers) {
    if (name == lower_case_name) return value;
  }
  return {};
}

// One request and its answer on a fresh connection.
class RequestExchange : public std::enable_shared_from_this<RequestExchange> {
 public:
  RequestExchange(std::string bytes, std::size_t max_response)
      : bytes_(std::move(bytes)), parser_({64u << 10, max_response}) {}

  // Loop thread.
  void start(const std::shared_ptr<Connection>& connection) {
    const auto self = shared_from_this();
    connection_ = connection;
    connection->start({.on_open = [self] { self->connection_->send(std::move(self->bytes_), kUnbounded); },
                       .on_data = [self](std::string_view bytes) { self->on_data(bytes); },
                       .on_writable = nullptr,
                       .on_closed = [self](Error reason) { self->on_closed(std::move(reason)); }});
  }

  Answer<HttpResponse>& answer() { return answer_; }
  // The caller went away.
  void give_up() {
    if (connection_) connection_->abort("given up");
  }

 private:
  void on_data(std::string_view bytes) {
    if (answer_.given()) return;
    parser_.feed(bytes);
    HttpResponse response;
    const auto progress = parser_.next(response);
    if (!progress) {
      answer_.set(Error(progress.error()));
    } else if (*progress == HttpProgress::kDone) {
      answer_.set(std::move(response));
    } else {
      return;
    }
    connection_->close("done");
  }

  void on_closed(Error reason) {
    HttpResponse response;
    const bool clean_end = reason.code() == ErrorCode::kUnavailable && !answer_.given() && got_eof(reason);
    if (clean_end && parser_.end(response)) {
      answer_.set(std::move(response));
    } else {
      answer_.set(std::move(reason));
    }
    connection_.reset();
  }

  static bool got_eof(const Error& reason) { return reason.message() == "the peer closed the connection"; }

  std::string bytes_;
  HttpResponseParser parser_;
  std::shared_ptr<Connection> connection_;
  Answer<HttpResponse> answer_;
};

// The client's side of an upgrade, then of the websocket.
class UpgradeExchange : public std::enable_shared_from_this<UpgradeExchange> {
 public:
  UpgradeExchange(const WebSocketClientOptions& options, WebSocketHandler handler)
      : options_(options),
        handler_(std::move(handler)),
        key_(random_websocket_key()),
        parser_({64u << 10, 64u << 10}) {}

  void start(const std::shared_ptr<Connection>& connection) {
    const auto self = shared_from_this();
    connection_ = connection;
    connection->start({.on_open = [self] { self->send_request(); },
                       .on_data = [self](std::string_view bytes) { self->on_data(bytes); },
                       .on_writable =
                           [self] {
                             if (self->session_) self->session_->connection_writable();
                           },
                       .on_closed = [self](Error reason) { self->on_closed(std::move(reason)); }});
  }

  Answer<std::shared_ptr<WebSocket>>& answer() { return answer_; }
  // The caller went away (timeout): nobody may get a socket any more.
  void give_up() {
    answer_.set(fail(ErrorCode::kTimeout, "given up"));
    if (connection_) connection_->abort("given up");
  }

 private:
  void send_request() {
    connection_->send(fmt::format("GET {} HTTP/1.1\r\nHost: {}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                                  "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {}\r\n\r\n",
                                  options_.path, host_header(options_.host, options_.port), key_),
                      kUnbounded);
  }

  void on_data(std::string_view bytes) {
    if (session_) {
      session_->feed(bytes);
      return;
    }
    if (answer_.given()) return;
    parser_.feed(bytes);
    HttpResponse response;
    const auto progress = parser_.next(response);
    if (progress && *progress != HttpProgress::kDone) return;
    if (!progress) {
      answer_.set(Error(progress.error()));
    } else if (response.status != 101) {
      answer_.set(refusal(response));
    } else if (header_of(response, "sec-websocket-accept") != websocket_accept_key(key_)) {
      answer_.set(fail(ErrorCode::kUnavailable, "the server's websocket answer has the wrong accept key"));
    } else {
      begin_session();
      return;
    }
    connection_->close("refused");
  }

  void begin_session() {
    session_ = std::make_shared<WebSocketSession>(connection_,
                                                  WebSocketSession::Options{
                                                      .role = WebSocketRole::kClient,
                                                      .ping_interval = options_.ping_interval,
                                                      .max_message_bytes = options_.max_message_bytes,
                                                      .max_backlog = options_.max_backlog,
                                                  },
                                                  std::move(handler_));
    session_->start();
    answer_.set(std::static_pointer_cast<WebSocket>(session_));
    const std::string rest = parser_.take_rest();
    if (!rest.empty()) session_->feed(rest);
  }

  void on_closed(Error reason) {
    answer_.set(Error(reason));
    if (const auto session = std::exchange(session_, nullptr)) session->connection_closed(reason);
    connection_.reset();
  }

  const WebSocketClientOptions options_;
  WebSocketHandler handler_;
  const std::string key_;
  HttpResponseParser parser_;
  std::shared_ptr<Connection> connection_;
  std::shared_ptr<WebSocketSession> session_;
  Answer<std::shared_ptr<WebSocket>> answer_;
};

class Runtime final : public ClientRuntime {
 public:
  explicit Runtime(std::shared_ptr<EventLoop> loop) : loop_(std::move(loop)) {}
  ~Runtime() override { loop_->stop(); }

  Result<std::shared_ptr<WebSocket>> connect_websocket(const WebSocketClientOptions& options,
                                                       WebSocketHandler handler) override {
    if (has_line_break(options.path)) return fail(ErrorCode::kInvalid, "the path has a space or line break");
    const auto attempt = [&](const sockaddr_storage& address, const SslContext& context, Clock::time_point deadline) {
      auto exchange = std::make_shared<UpgradeExchange>(options, handler);
      return perform<std::shared_ptr<WebSocket>>(exchange, address, context, name_of(options.tls, options.host),
                                                 deadline);
    };
    return try_addresses<std::shared_ptr<WebSocket>>(options.host, options.port, options.tls, options.connect_timeout,
                                                     attempt)
        .with_context(fmt::format("{}:{}", options.host, options.port));
  }

  Result<HttpResponse> request(const Request& request) override {
    if (has_line_break(request.path) || has_line_break(request.method) ||
        request.content_type.find_first_of("\r\n") != std::string::npos) {
      return fail(ErrorCode::kInvalid, "the path has a space or line break");
    }
    const std::string bytes = render_request(request);
    const auto attempt = [&](const sockaddr_storage& address, const SslContext& context, Clock::time_point deadline) {
      auto exchange = std::make_shared<RequestExchange>(bytes, request.max_response_bytes);
      return perform<HttpResponse>(exchange, address, context, name_of(request.tls, request.host), deadline);
    };
    return try_addresses<HttpResponse>(request.host, request.port, request.tls, request.timeout, attempt)
        .with_context(
            fmt::format("{} https://{}{}", request.method, host_header(request.host, request.port), request.path));
  }

  Result<std::shared_ptr<TcpConnection>> connect_tcp(std::string_view host, std::uint16_t port, milliseconds timeout,
                                                     TcpHandler handler) override {
    const std::string name(host);
    const auto addresses = SLIPWAY_TRY(resolve(name, port));
    const auto answer = std::make_shared<Answer<std::shared_ptr<TcpConnection>>>();
    connect_to(addresses.front(), timeout, std::move(handler),
               [answer](auto result) { answer->set(std::move(result)); });
    auto result = answer->wait(Clock::now() + timeout + milliseconds(1000));
    if (!result) return std::move(result.error()).with_context(fmt::format("{}:{}", host, port));
    return result;
  }

  void connect_tcp_async(std::string_view host, std::uint16_t port, milliseconds timeout, TcpHandler handler,
                         std::function<void(Result<std::shared_ptr<TcpConnection>>)> done) override {
    const std::string name = host == "localhost" ? "127.0.0.1" : std::string(host);
    const bool is_name = name.find_first_not_of("0123456789abcdefABCDEF.:") != std::string::npos;
    auto addresses =
        is_name ? Result<std::vector<sockaddr_storage>>(ErrorCode::kInvalid, "no IP address") : resolve(name, port);
    if (addresses) {
      connect_to(addresses->front(), timeout, std::move(handler), std::move(done));
      return;
    }
    loop_->post([done = std::move(done), error = addresses.error()] { done(Error(error)); });
  }

 private:
  static std::string name_of(const TlsClientOptions& tls, const std::string& host) {
    return tls.server_name.empty() ? host : tls.server_name;
  }

  static std::string render_request(const Request& request) {
    std::string bytes =
        fmt::format("{} {} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nContent-Length: {}\r\n", request.method,
                    request.path, host_header(request.host, request.port), request.body.size());
    if (!request.content_type.empty()) bytes += fmt::format("Content-Type: {}\r\n", request.content_type);
    return bytes + "\r\n" + request.body;
  }

  // A host may have addresses that lead nowhere: the next one is tried while the way there fails. Every attempt gets
  // its share of the time that is left.
  template <typename T, typename Attempt>
  Result<T> try_addresses(const std::string& host, std::uint16_t port, const TlsClientOptions& tls,
                          milliseconds timeout, Attempt attempt) {
    const auto deadline = Clock::now() + timeout;
    const SslContext context = SLIPWAY_TRY(make_client_context(tls));
    const std::vector<sockaddr_storage> addresses = SLIPWAY_TRY(resolve(host, port));
    Result<T> result = fail(ErrorCode::kUnavailable, "no address");
    for (std::size_t i = 0; i < addresses.size(); ++i) {
      const auto share = left_until(deadline) / static_cast<int>(addresses.size() - i);
      result = attempt(addresses[i], context, Clock::now() + share);
      const bool way_failed =
          !result && (result.error().code() == ErrorCode::kUnavailable || result.error().code() == ErrorCode::kTimeout);
      if (!way_failed || Clock::now() >= deadline) break;
    }
    return result;
  }

  // One exchange over a fresh TLS connection; waits for its answer.
  template <typename T, typename Exchange>
  Result<T> perform(const std::shared_ptr<Exchange>& exchange, const sockaddr_storage& address,
                    const SslContext& context, const std::string& server_name, Clock::time_point deadline) {
    base::UniqueFd fd = SLIPWAY_TRY(begin_connect(address));
    SslHandle session = SLIPWAY_TRY(new_client_session(context, fd.get(), server_name));
    auto connection =
        std::make_shared<Connection>(loop_, std::move(fd), std::move(session),
                                     Connection::Options{.open_timeout = left_until(deadline), .connecting = true});
    if (!loop_->post([exchange, connection] { exchange->start(connection); })) {
      return fail(ErrorCode::kCancelled, "shutting down");
    }
    Result<T> result = exchange->answer().wait(deadline);
    if (!result && result.error().code() == ErrorCode::kTimeout) loop_->post([exchange] { exchange->give_up(); });
    return result;
  }

  void connect_to(const sockaddr_storage& address, milliseconds timeout, TcpHandler handler,
                  std::function<void(Result<std::shared_ptr<TcpConnection>>)> done) {
    auto fd = begin_connect(address);
    if (!fd) {
      loop_->post([done = std::move(done), error = fd.error()] { done(Error(error)); });
      return;
    }
    auto connection = std::make_shared<Connection>(loop_, std::move(*fd), nullptr,
                                                   Connection::Options{.open_timeout = timeout, .connecting = true});
    loop_->post(
        [connection, handler = std::move(handler), done = std::move(done)] { start_tcp(connection, handler, done); });
  }

  const std::shared_ptr<EventLoop> loop_;
};

}  // namespace

Result<std::unique_ptr<ClientRuntime>> ClientRuntime::start() {
  auto loop = SLIPWAY_TRY(EventLoop::start("net-client"));
  return Result<std::unique_ptr<ClientRuntime>>(std::make_unique<Runtime>(std::move(loop)));
}

}  // namespace slipway::net
