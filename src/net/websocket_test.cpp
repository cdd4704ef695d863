#include "net/websocket.h"

#include <atomic>
#include <deque>
#include <gmock/gmock.h>

#include "net/http_server.h"
#include "net/testing.h"
#include "net/websocket_frame.h"

namespace slipway::net {
namespace {

using base::ErrorCode;
using net::testing::Certificates;
using net::testing::eventually;
using net::testing::RawClient;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using namespace std::chrono_literals;

// What a socket's callbacks told, in order.
class Log {
 public:
  WebSocketHandler handler() {
    return {.on_text = [this](const std::string& text) { add("text:" + text); },
            .on_binary = [this](const std::string& bytes) { add("binary:" + bytes); },
            .on_writable = [this] { add("writable"); },
            .on_closed = [this](const std::string& reason) { add("closed:" + reason); }};
  }
  void add(std::string line) {
    const std::lock_guard lock(mutex_);
    lines_.push_back(std::move(line));
  }
  bool wait_for(std::string_view wanted, std::chrono::milliseconds limit = 10s) const {
    return eventually(
        [&] {
          const std::lock_guard lock(mutex_);
          return std::any_of(lines_.begin(), lines_.end(), [&](const auto& line) { return line.starts_with(wanted); });
        },
        limit);
  }
  std::vector<std::string> lines() const {
    const std::lock_guard lock(mutex_);
    return {lines_.begin(), lines_.end()};
  }

 private:
  mutable std::mutex mutex_;
  std::deque<std::string> lines_;
};

// A server that accepts every upgrade on /ws; /forbidden and /unauthorized refuse it.
class Peer {
 public:
  explicit Peer(HttpServerOptions options = {}) {
    options.tls = Certificates::instance().server();
    start(std::move(options));
  }
  static std::unique_ptr<Peer> plain(HttpServerOptions options = {}) {
    auto peer = std::unique_ptr<Peer>(new Peer(0));
    peer->start(std::move(options));
    return peer;
  }
  ~Peer() { server_.reset(); }

  std::uint16_t port() const { return server_->port(); }
  Log& log() { return log_; }
  std::shared_ptr<WebSocket> socket() {
    eventually([this] {
      const std::lock_guard lock(mutex_);
      return socket_ != nullptr;
    });
    const std::lock_guard lock(mutex_);
    return socket_;
  }
  void stop() { server_->stop(0ms); }

 private:
  explicit Peer(int) {}
  void start(HttpServerOptions options) {
    server_ = HttpServer::start(std::move(options), [this](const HttpRequest& request, Responder& responder) {
                handle(request, responder);
              }).value();
  }
  void handle(const HttpRequest& request, Responder& responder) {
    if (request.path == "/forbidden")
      return responder.send({.status = 403, .headers = {}, .body = "host is revoked\n"});
    if (request.path == "/unauthorized") return responder.send({.status = 401, .headers = {}, .body = "who are you\n"});
    if (request.path == "/plain") return responder.send({.status = 200, .headers = {}, .body = "no socket here"});
    auto socket = responder.accept_websocket(log_.handler());
    const std::lock_guard lock(mutex_);
    socket_ = std::move(socket);
  }

  Log log_;
  std::mutex mutex_;
  std::shared_ptr<WebSocket> socket_;
  std::unique_ptr<HttpServer> server_;
};

WebSocketClientOptions client_options(const Peer& peer, std::string path = "/ws") {
  return {.host = "127.0.0.1", .port = peer.port(), .path = std::move(path), .tls = Certificates::instance().client()};
}

class WebSocketTest : public ::testing::Test {
 protected:
  std::shared_ptr<WebSocket> connect(const WebSocketClientOptions& options) {
    auto socket = runtime_->connect_websocket(options, log_.handler());
    EXPECT_TRUE(socket) << (socket ? "" : socket.error().message());
    return socket ? *socket : nullptr;
  }
  Log log_;
  std::unique_ptr<ClientRuntime> runtime_ = ClientRuntime::start().value();
};

TEST_F(WebSocketTest, MessagesBothWaysInOrder) {
  Peer peer;
  const auto socket = connect(client_options(peer));
  ASSERT_TRUE(socket);
  EXPECT_TRUE(socket->send_text("hello"));
  EXPECT_TRUE(socket->send_binary(std::string(300'000, 'b')));
  EXPECT_TRUE(peer.socket()->send_text("one"));
  EXPECT_TRUE(peer.socket()->send_binary("two"));
  EXPECT_TRUE(peer.log().wait_for("binary:"));
  EXPECT_TRUE(log_.wait_for("binary:two"));
  std::vector<std::string> messages = log_.lines();
  std::erase(messages, "writable");
  EXPECT_EQ(messages, (std::vector<std::string>{"text:one", "binary:two"}));
  EXPECT_EQ(peer.log().lines()[0], "text:hello");
  EXPECT_EQ(peer.log().lines()[1].size(), 300'007u);
}

TEST_F(WebSocketTest, CloseTellsBothSidesOnce) {
  Peer peer;
  const auto socket = connect(client_options(peer));
  peer.socket()->close("host revoked");
  EXPECT_TRUE(log_.wait_for("closed:host revoked"));
  EXPECT_TRUE(peer.log().wait_for("closed:host revoked"));
  EXPECT_FALSE(socket->is_open());
  EXPECT_FALSE(socket->send_text("late"));
  EXPECT_EQ(log_.lines().size(), 1u);
}

TEST_F(WebSocketTest, ClosedByTheClient) {
  Peer peer;
  const auto socket = connect(client_options(peer));
  peer.socket();
  socket->close("bye");
  EXPECT_TRUE(peer.log().wait_for("closed:bye"));
  EXPECT_TRUE(log_.wait_for("closed:bye"));
}

TEST_F(WebSocketTest, ServerThatStopsIsSeen) {
  Peer peer;
  const auto socket = connect(client_options(peer));
  peer.socket();
  peer.stop();
  EXPECT_TRUE(log_.wait_for("closed:"));
  EXPECT_TRUE(peer.log().wait_for("closed:"));
}

TEST_F(WebSocketTest, RefusalsCarryTheServersWords) {
  Peer peer;
  const struct {
    std::string path;
    ErrorCode code;
    std::string message;
  } cases[] = {{"/forbidden", ErrorCode::kForbidden, "host is revoked"},
               {"/unauthorized", ErrorCode::kUnauthorized, "who are you"},
               {"/plain", ErrorCode::kUnavailable, "200"}};
  for (const auto& test : cases) {
    const auto socket = runtime_->connect_websocket(client_options(peer, test.path), {});
    ASSERT_FALSE(socket);
    EXPECT_EQ(socket.error().code(), test.code);
    EXPECT_THAT(socket.error().message(), HasSubstr(test.message));
  }
}

TEST_F(WebSocketTest, CertificateProblems) {
  Peer peer;
  const Certificates& certificates = Certificates::instance();
  WebSocketClientOptions stranger = client_options(peer);
  stranger.tls.certificate_pem = certificates.text("stranger.pem");
  stranger.tls.key_pem = certificates.text("stranger.key");
  auto refused = runtime_->connect_websocket(stranger, {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::kUnauthorized) << refused.error().message();

  WebSocketClientOptions distrust = client_options(peer);
  distrust.tls.ca_pem = certificates.text("other-ca.pem");
  auto distrusted = runtime_->connect_websocket(distrust, {});
  ASSERT_FALSE(distrusted);
  EXPECT_EQ(distrusted.error().code(), ErrorCode::kUnavailable);
  EXPECT_THAT(distrusted.error().message(), HasSubstr("not trusted"));

  WebSocketClientOptions other_name = client_options(peer);
  other_name.tls.server_name = "other.example";
  auto misnamed = runtime_->connect_websocket(other_name, {});
  ASSERT_FALSE(misnamed);
  EXPECT_THAT(misnamed.error().message(), HasSubstr("not trusted"));

  WebSocketClientOptions local = client_options(peer);
  local.host = "localhost";
  EXPECT_TRUE(runtime_->connect_websocket(local, {}));
}

TEST_F(WebSocketTest, NobodyThere) {
  std::uint16_t port = 0;
  {
    Peer peer;
    port = peer.port();
  }
  WebSocketClientOptions options{
      .host = "127.0.0.1", .port = port, .path = "/", .tls = Certificates::instance().client()};
  const auto socket = runtime_->connect_websocket(options, {});
  ASSERT_FALSE(socket);
  EXPECT_EQ(socket.error().code(), ErrorCode::kUnavailable);
}

TEST_F(WebSocketTest, ServerThatSaysNothingIsGivenUp) {
  std::mutex mutex;
  std::vector<std::shared_ptr<TcpConnection>> kept;
  const auto listener = TcpListener::start({}, [&](std::shared_ptr<TcpConnection> connection) {
                          const std::lock_guard lock(mutex);
                          kept.push_back(std::move(connection));
                          return ClientRuntime::TcpHandler{};
                        }).value();
  WebSocketClientOptions options{
      .host = "127.0.0.1", .port = listener->port(), .path = "/", .tls = Certificates::instance().client()};
  options.connect_timeout = 200ms;
  const auto socket = runtime_->connect_websocket(options, {});
  ASSERT_FALSE(socket);
  EXPECT_EQ(socket.error().code(), ErrorCode::kTimeout);
}

TEST_F(WebSocketTest, BacklogIsBoundedAndWritableComes) {
  const auto peer = Peer::plain({.max_stream_backlog = 1u << 20});
  RawClient client(peer->port());
  client.write(
      "GET /ws HTTP/1.1\r\nHost: x\r\nConnection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n"
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
  const std::string head = client.read_text("\r\n\r\n");
  EXPECT_THAT(head, StartsWith("HTTP/1.1 101 "));
  EXPECT_THAT(head, HasSubstr("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));  // the RFC's example
  const auto socket = peer->socket();
  std::size_t sent = 0;
  while (socket->send_binary(std::string(100'000, 'x'))) ++sent;
  EXPECT_GT(sent, 9u);
  EXPECT_LE(socket->backlog(), 1u << 20);
  EXPECT_TRUE(socket->is_open());
  const std::size_t expected = sent * 100'010;
  const std::string all = client.read_until([&](std::string_view got) { return got.size() >= expected; });
  EXPECT_EQ(all.size(), expected);
  EXPECT_TRUE(peer->log().wait_for("writable"));
  EXPECT_TRUE(socket->send_binary("more"));
}

TEST_F(WebSocketTest, BrokenClientIsToldAndCut) {
  const auto peer = Peer::plain();
  RawClient client(peer->port());
  client.write(
      "GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
  client.read_text("\r\n\r\n");
  client.write(encode_websocket_frame(WebSocketOpcode::kText, "unmasked", nullptr));
  const std::string rest = client.read_to_end();
  ASSERT_GE(rest.size(), 4u);
  EXPECT_EQ(rest.substr(0, 1), "\x88");
  EXPECT_EQ(rest.substr(2, 2), std::string("\x03\xea"));
  EXPECT_TRUE(client.ended());
  EXPECT_TRUE(peer->log().wait_for("closed:websocket: a client's frame is not masked"));
}

TEST_F(WebSocketTest, SilentPeerIsCutAfterThreeIntervals) {
  const auto peer = Peer::plain({.websocket_ping_interval = 50ms});
  RawClient client(peer->port());
  client.write(
      "GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
  const std::string all = client.read_to_end();
  EXPECT_TRUE(client.ended());
  EXPECT_THAT(all, HasSubstr(std::string("\x89\x00", 2)));
  EXPECT_TRUE(peer->log().wait_for("closed:no answer"));
}

TEST_F(WebSocketTest, PingsKeepAnIdleSocketOpen) {
  Peer peer({.websocket_ping_interval = 100ms});
  WebSocketClientOptions options = client_options(peer);
  options.ping_interval = 100ms;
  const auto socket = connect(options);
  peer.socket();
  EXPECT_FALSE(log_.wait_for("closed:", 700ms));
  EXPECT_TRUE(socket->is_open());
  EXPECT_TRUE(peer.socket()->is_open());
}

TEST_F(WebSocketTest, PlainRequestWhereASocketIsWanted) {
  const auto peer = Peer::plain();
  RawClient client(peer->port());
  client.write("GET /ws HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(client.read_text("\r\n\r\n"), StartsWith("HTTP/1.1 426 "));
}

TEST_F(WebSocketTest, ManySocketsAndTheEndOfTheRuntime) {
  Peer peer;
  std::vector<std::shared_ptr<WebSocket>> sockets;
  for (int i = 0; i < 20; ++i) sockets.push_back(connect(client_options(peer)));
  for (const auto& socket : sockets) EXPECT_TRUE(socket->send_text("x"));
  runtime_.reset();
  EXPECT_TRUE(log_.wait_for("closed:"));
  for (const auto& socket : sockets) EXPECT_FALSE(socket->send_text("y"));
}

TEST_F(WebSocketTest, RuntimeMayEndInsideACallback) {
  Peer peer;
  std::atomic<bool> ended = false;
  auto socket = runtime_->connect_websocket(client_options(peer), {.on_text = [this, &ended](const std::string&) {
                                              runtime_.reset();
                                              ended = true;
                                            }});
  ASSERT_TRUE(socket);
  ASSERT_TRUE(peer.socket()->send_text("end"));
  EXPECT_TRUE(eventually([&ended] { return ended.load(); }));
  EXPECT_TRUE(peer.log().wait_for("closed:"));
}

TEST_F(WebSocketTest, SmallRequests) {
  Peer peer;
  ClientRuntime::Request request{.method = "POST",
                                 .host = "127.0.0.1",
                                 .port = peer.port(),
                                 .path = "/forbidden",
                                 .content_type = "application/json",
                                 .body = "{}",
                                 .tls = Certificates::instance().client(false)};
  const auto response = runtime_->request(request);
  ASSERT_TRUE(response) << response.error().message();
  EXPECT_EQ(response->status, 403);
  EXPECT_EQ(response->body, "host is revoked\n");
  request.path = "/a b";
  EXPECT_FALSE(runtime_->request(request));
}

}  // namespace
}  // namespace slipway::net
