#include "net/tunnel.h"

#include <atomic>
#include <deque>
#include <gmock/gmock.h>

#include "net/http_server.h"
#include "net/testing.h"

namespace slipway::net {
namespace {

using base::ErrorCode;
using net::testing::Certificates;
using net::testing::eventually;
using net::testing::RawClient;
using namespace std::chrono_literals;

TEST(TunnelFrame, RoundTrip) {
  const std::string bytes = encode_tunnel_frame(0x01020304, TunnelFrameKind::kData, "payload");
  EXPECT_EQ(bytes, std::string("\x01\x02\x03\x04\x02payload"));
  const auto frame = decode_tunnel_frame(bytes);
  ASSERT_TRUE(frame);
  EXPECT_EQ(frame->stream, 0x01020304u);
  EXPECT_EQ(frame->payload, "payload");
}

TEST(TunnelFrame, Malformed) {
  for (const std::string& bytes :
       {std::string(), std::string("\0\0\0\1", 4), std::string("\0\0\0\0\2x", 6), std::string("\0\0\0\1\0", 5),
        std::string("\0\0\0\1\5", 5), std::string("\0\0\0\1\4abc", 8), std::string("\0\0\0\1\1", 5),
        encode_tunnel_frame(1, TunnelFrameKind::kOpen, std::string(301, 'x'))}) {
    EXPECT_FALSE(decode_tunnel_frame(bytes));
  }
}

// A websocket that hands messages to another multiplexer when told to. What waits counts as its backlog.
class FakeSocket final : public WebSocket {
 public:
  bool send_text(std::string) override { return false; }
  bool send_binary(std::string bytes) override {
    const std::lock_guard lock(mutex_);
    if (!open_) return false;
    waiting_.push_back(std::move(bytes));
    return true;
  }
  std::size_t backlog() const override {
    const std::lock_guard lock(mutex_);
    std::size_t total = 0;
    for (const auto& message : waiting_) total += message.size();
    return total;
  }
  void close(std::string_view reason) override {
    const std::lock_guard lock(mutex_);
    open_ = false;
    close_reason_ = reason;
  }
  bool is_open() const override { return open_; }
  std::string close_reason() const { return close_reason_; }

  // One message to the peer; false when there was none.
  bool pass_one(TunnelMultiplexer& peer) {
    std::string message;
    {
      const std::lock_guard lock(mutex_);
      if (waiting_.empty()) return false;
      message = std::move(waiting_.front());
      waiting_.pop_front();
    }
    peer.receive(message);
    return true;
  }

 private:
  mutable std::mutex mutex_;
  std::deque<std::string> waiting_;
  std::atomic<bool> open_ = true;
  std::string close_reason_;
};

// What one end of a stream has seen. The stream's callbacks keep it until the stream has ended.
struct End : std::enable_shared_from_this<End> {
  std::shared_ptr<TunnelStream> stream;
  std::string target;
  std::string data;
  std::string closed;
  int writable = 0;

  void start() {
    const auto self = shared_from_this();
    stream->start({.on_data = [self](const std::string& bytes) { self->data += bytes; },
                   .on_writable = [self] { ++self->writable; },
                   .on_closed = [self](const std::string& reason) { self->closed = reason.empty() ? "-" : reason; }});
  }
};

// Two multiplexers joined by two fake sockets, in one thread.
class TunnelPair : public ::testing::Test {
 protected:
  TunnelPair() {
    near_ = TunnelMultiplexer::create({.max_streams = 10, .on_open = nullptr});
    far_ = TunnelMultiplexer::create({.max_streams = 5, .on_open = [this](std::string target, auto stream) {
                                        auto end = std::make_shared<End>();
                                        end->stream = std::move(stream);
                                        end->target = std::move(target);
                                        if (start_accepted_) end->start();
                                        accepted_.push_back(std::move(end));
                                      }});
    near_->attach(near_socket_);
    far_->attach(far_socket_);
  }
  ~TunnelPair() override {
    near_->shutdown("over");
    far_->shutdown("over");
  }

  std::shared_ptr<End> open(std::string_view target = "127.0.0.1:6443") {
    auto end = std::make_shared<End>();
    end->stream = near_->open(target).value();
    end->start();
    return end;
  }
  void settle() {
    bool progress = true;
    while (progress) {
      progress = false;
      while (near_socket_->pass_one(*far_)) progress = true;
      while (far_socket_->pass_one(*near_)) progress = true;
      near_->writable();
      far_->writable();
    }
  }

  bool start_accepted_ = true;
  std::vector<std::shared_ptr<End>> accepted_;
  std::shared_ptr<FakeSocket> near_socket_ = std::make_shared<FakeSocket>();
  std::shared_ptr<FakeSocket> far_socket_ = std::make_shared<FakeSocket>();
  std::shared_ptr<TunnelMultiplexer> near_;
  std::shared_ptr<TunnelMultiplexer> far_;
};

TEST_F(TunnelPair, BytesBothWays) {
  const auto end = open("10.0.0.1:80");
  end->stream->send("ping");
  settle();
  ASSERT_EQ(accepted_.size(), 1u);
  EXPECT_EQ(accepted_[0]->target, "10.0.0.1:80");
  EXPECT_EQ(accepted_[0]->data, "ping");
  accepted_[0]->stream->send("pong");
  settle();
  EXPECT_EQ(end->data, "pong");
}

TEST_F(TunnelPair, MuchDataInOrder) {
  const auto end = open();
  std::string sent;
  for (int i = 0; i < 300; ++i) {
    sent += std::string(9'973, static_cast<char>('a' + i % 26));
    end->stream->send(sent.substr(sent.size() - 9'973));
  }
  settle();
  EXPECT_EQ(accepted_[0]->data, sent);
  EXPECT_EQ(end->stream->backlog(), 0u);
  EXPECT_GE(end->writable, 1);
}

TEST_F(TunnelPair, AReaderThatPausesStopsItsStreamOnly) {
  const auto slow = open();
  const auto fast = open();
  settle();
  accepted_[0]->stream->pause_reading();
  slow->stream->send(std::string(1u << 20, 's'));
  fast->stream->send(std::string(1u << 20, 'f'));
  settle();
  EXPECT_EQ(accepted_[0]->data.size(), 0u);
  EXPECT_EQ(slow->stream->backlog(), (1u << 20) - kTunnelWindow);  // the rest waits here, not at the reader
  EXPECT_EQ(accepted_[1]->data.size(), 1u << 20);
  accepted_[0]->stream->resume_reading();
  settle();
  EXPECT_EQ(accepted_[0]->data.size(), 1u << 20);
  EXPECT_EQ(slow->writable, 1);
}

TEST_F(TunnelPair, DataBeforeStartIsKept) {
  start_accepted_ = false;
  const auto end = open();
  end->stream->send("early");
  end->stream->close("done");
  settle();
  EXPECT_EQ(accepted_[0]->data, "");
  accepted_[0]->start();
  EXPECT_EQ(accepted_[0]->data, "early");
  EXPECT_EQ(accepted_[0]->closed, "done");
}

TEST_F(TunnelPair, CloseComesAfterTheData) {
  const auto end = open();
  end->stream->send(std::string(700'000, 'x'));
  end->stream->close("all sent");
  EXPECT_FALSE(end->stream->send("late"));
  settle();
  EXPECT_EQ(accepted_[0]->data.size(), 700'000u);
  EXPECT_EQ(accepted_[0]->closed, "all sent");
  EXPECT_EQ(end->closed, "");
  EXPECT_EQ(near_->stream_count(), 0u);
  EXPECT_EQ(far_->stream_count(), 0u);
}

TEST_F(TunnelPair, CloseFromTheAcceptor) {
  const auto end = open();
  settle();
  end->stream->send(std::string(600'000, 'x'));
  accepted_[0]->stream->close("connection refused");
  settle();
  EXPECT_EQ(end->closed, "connection refused");
  EXPECT_EQ(near_->stream_count(), 0u);
  EXPECT_EQ(far_->stream_count(), 0u);
  EXPECT_FALSE(end->stream->send("x"));
  const auto next = open();
  next->stream->send("works");
  settle();
  EXPECT_EQ(accepted_[1]->data, "works");
}

TEST_F(TunnelPair, CloseFromBothEnds) {
  const auto end = open();
  settle();
  end->stream->close("a");
  accepted_[0]->stream->close("b");
  settle();
  EXPECT_EQ(near_->stream_count(), 0u);
  EXPECT_EQ(far_->stream_count(), 0u);
  EXPECT_TRUE(near_socket_->is_open());
  EXPECT_TRUE(far_socket_->is_open());
}

TEST_F(TunnelPair, LimitsOnStreams) {
  std::vector<std::shared_ptr<End>> ends;
  for (int i = 0; i < 10; ++i) ends.push_back(open());
  const auto more = near_->open("x:1");
  ASSERT_FALSE(more);
  EXPECT_EQ(more.error().code(), ErrorCode::kTooManyRequests);
  settle();
  EXPECT_EQ(accepted_.size(), 5u);
  EXPECT_EQ(ends[9]->closed, "too many streams");
  EXPECT_EQ(near_->stream_count(), 5u);
}

TEST_F(TunnelPair, ShutdownEndsEveryStream) {
  const auto one = open();
  const auto two = open();
  settle();
  near_->shutdown("websocket closed");
  EXPECT_EQ(one->closed, "websocket closed");
  EXPECT_EQ(two->closed, "websocket closed");
  EXPECT_FALSE(near_->open("x:1"));
  EXPECT_FALSE(near_socket_->is_open());
}

TEST_F(TunnelPair, PeersAgainstTheRules) {
  const auto frame = [](std::uint32_t id, TunnelFrameKind kind, std::string_view payload) {
    return encode_tunnel_frame(id, kind, payload);
  };
  const struct {
    const char* name;
    std::vector<std::string> messages;
    std::string reason;
  } cases[] = {
      {"garbage", {"zz"}, "malformed"},
      {"never opened", {frame(7, TunnelFrameKind::kData, "x")}, "never opened"},
      {"opened twice", {frame(1, TunnelFrameKind::kOpen, "a:1"), frame(1, TunnelFrameKind::kOpen, "a:1")}, "rules"},
      {"id goes back", {frame(5, TunnelFrameKind::kOpen, "a:1"), frame(3, TunnelFrameKind::kOpen, "a:1")}, "rules"},
      {"too much data",
       {frame(1, TunnelFrameKind::kOpen, "a:1"), frame(1, TunnelFrameKind::kData, std::string(kTunnelWindow + 1, 'x'))},
       "window"},
      {"too much credit",
       {frame(1, TunnelFrameKind::kOpen, "a:1"), frame(1, TunnelFrameKind::kWindow, std::string("\xff\xff\xff\xff"))},
       "credit"},
  };
  for (const auto& test : cases) {
    auto socket = std::make_shared<FakeSocket>();
    std::vector<std::shared_ptr<TunnelStream>> kept;
    auto multiplexer = TunnelMultiplexer::create(
        {.on_open = [&kept](const std::string&, auto stream) { kept.push_back(std::move(stream)); }});
    multiplexer->attach(socket);
    for (const std::string& message : test.messages) multiplexer->receive(message);
    EXPECT_FALSE(socket->is_open()) << test.name;
    EXPECT_THAT(socket->close_reason(), ::testing::HasSubstr(test.reason)) << test.name;
  }
  near_->receive(frame(9, TunnelFrameKind::kOpen, "a:1"));  // nobody may open towards the initiator
  EXPECT_FALSE(near_socket_->is_open());
}

// The whole way: TCP client -> listener -> stream -> websocket over TLS -> stream -> TCP echo server.
class TunnelOverSockets : public ::testing::Test {
 protected:
  TunnelOverSockets() {
    echo_ = TcpListener::start({}, [](std::shared_ptr<TcpConnection> connection) {
              return ClientRuntime::TcpHandler{.on_data =
                                                   [connection](std::string bytes) {
                                                     connection->send(std::move(bytes));
                                                     if (connection->backlog() > kWritableBytes)
                                                       connection->pause_reading();
                                                   },
                                               .on_writable = [connection] { connection->resume_reading(); },
                                               .on_closed = nullptr};
            }).value();
    near_ = TunnelMultiplexer::create({});
    server_ =
        HttpServer::start({.tls = Certificates::instance().server()}, [this](const HttpRequest&, Responder& responder) {
          near_->attach(responder.accept_websocket(handler_of(near_)));
          attached_ = true;
        }).value();
    agent_ = ClientRuntime::start().value();
    far_ = TunnelMultiplexer::create({.on_open = [this](const std::string& target, auto stream) {
      const std::uint16_t port = target == "echo:1" ? echo_->port() : std::uint16_t{1};
      serve_tunnel_stream(*agent_, std::move(stream), "127.0.0.1", port, 2s);
    }});
    far_->attach(
        agent_
            ->connect_websocket(
                {.host = "127.0.0.1", .port = server_->port(), .path = "/", .tls = Certificates::instance().client()},
                handler_of(far_))
            .value());
    EXPECT_TRUE(eventually([this] { return attached_.load(); }));
    door_ = TcpListener::start({}, [this](std::shared_ptr<TcpConnection> connection) {
              auto stream = near_->open(target_);
              EXPECT_TRUE(stream);
              auto bridge = TunnelBridge::create(*stream);
              bridge->on_finished([this] { ++finished_; });
              auto handler = bridge->tcp_handler();
              bridge->start(std::move(connection));
              return handler;
            }).value();
  }
  ~TunnelOverSockets() override {
    door_.reset();
    agent_.reset();
    server_.reset();
    echo_.reset();
  }
  static WebSocketHandler handler_of(const std::shared_ptr<TunnelMultiplexer>& multiplexer) {
    return {.on_text = nullptr,
            .on_binary = [multiplexer](const std::string& bytes) { multiplexer->receive(bytes); },
            .on_writable = [multiplexer] { multiplexer->writable(); },
            .on_closed = [multiplexer](const std::string& reason) { multiplexer->shutdown(reason); }};
  }

  std::atomic<bool> attached_ = false;
  std::atomic<int> finished_ = 0;
  std::string target_ = "echo:1";
  std::unique_ptr<TcpListener> echo_;
  std::shared_ptr<TunnelMultiplexer> near_;
  std::shared_ptr<TunnelMultiplexer> far_;
  std::unique_ptr<HttpServer> server_;
  std::unique_ptr<ClientRuntime> agent_;
  std::unique_ptr<TcpListener> door_;
};

TEST_F(TunnelOverSockets, ManyClientsEcho) {
  std::vector<std::jthread> threads;
  std::atomic<int> good = 0;
  for (int t = 0; t < 16; ++t) {
    threads.emplace_back([this, t, &good] {
      RawClient client(door_->port());
      const std::string sent(200'000 + t * 1000, static_cast<char>('a' + t));
      std::jthread writer([&] { client.write(sent); });
      const std::string got = client.read_until([&](std::string_view all) { return all.size() >= sent.size(); });
      if (got == sent) ++good;
    });
  }
  threads.clear();
  EXPECT_EQ(good, 16);
  EXPECT_TRUE(eventually([this] { return finished_ == 16; }));
  EXPECT_TRUE(eventually([this] { return near_->stream_count() == 0 && far_->stream_count() == 0; }));
}

TEST_F(TunnelOverSockets, AStalledClientDoesNotStopOthersNorGrow) {
  RawClient stalled(door_->port());
  std::jthread writer([&stalled] {
    const std::string block(100'000, 's');
    for (int i = 0; i < 300 && stalled.write(block); ++i) {
    }
  });
  RawClient client(door_->port());
  for (int i = 0; i < 50; ++i) {
    ASSERT_TRUE(client.write("ping\n"));
    ASSERT_EQ(client.read_text("\n"), "ping\n");
  }
  ::shutdown(stalled.fd(), SHUT_RDWR);
  writer.join();
}

TEST_F(TunnelOverSockets, RefusedTargetClosesTheClient) {
  target_ = "nowhere:1";
  RawClient client(door_->port());
  client.write("x");
  EXPECT_EQ(client.read_to_end(), "");
  EXPECT_TRUE(client.ended());
}

TEST_F(TunnelOverSockets, LostWebsocketClosesTheClients) {
  RawClient client(door_->port());
  client.write("x");
  EXPECT_EQ(client.read_text("x"), "x");
  agent_.reset();
  EXPECT_EQ(client.read_to_end(), "");
  EXPECT_TRUE(client.ended());
}

}  // namespace
}  // namespace slipway::net
