#include "gateway/gateway.h"

#include <atomic>
#include <gmock/gmock.h>
#include <map>
#include <openssl/ssl.h>

#include "gateway/client_hello.h"
#include "net/http_server.h"
#include "net/testing.h"

namespace slipway::gateway {
namespace {

using base::ErrorCode;
using net::testing::Certificates;
using net::testing::eventually;
using net::testing::RawClient;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using namespace std::chrono_literals;

constexpr const char* kAlertUnknownName = "\x15\x03\x03";

// What a real TLS client says first.
std::string hello_of_openssl(const std::string& name, int max_version = TLS1_3_VERSION) {
  SSL_CTX* context = SSL_CTX_new(TLS_client_method());
  SSL_CTX_set_max_proto_version(context, max_version);
  SSL* session = SSL_new(context);
  BIO* in = BIO_new(BIO_s_mem());
  BIO* out = BIO_new(BIO_s_mem());
  SSL_set_bio(session, in, out);
  if (!name.empty()) SSL_set_tlsext_host_name(session, name.c_str());
  SSL_set_connect_state(session);
  SSL_do_handshake(session);
  char* data = nullptr;
  const long size = BIO_get_mem_data(out, &data);
  std::string bytes(data, static_cast<std::size_t>(size));
  SSL_free(session);
  SSL_CTX_free(context);
  return bytes;
}

TEST(ClientHello, NamesOfRealClientsInAnyPrefix) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    for (const std::string name : {"c1.edge.clusters.slipway.internal", "X.Example", ""}) {
      const std::string bytes = hello_of_openssl(name, version);
      for (std::size_t size = 0; size < bytes.size(); ++size) {
        const auto part = read_client_hello(std::string_view(bytes).substr(0, size));
        ASSERT_TRUE(part) << size << ": " << part.error().message();
        EXPECT_FALSE(part->complete);
      }
      const auto whole = read_client_hello(bytes);
      ASSERT_TRUE(whole) << whole.error().message();
      EXPECT_TRUE(whole->complete);
      EXPECT_EQ(whole->server_name, name == "X.Example" ? "x.example" : name);
    }
  }
}

TEST(ClientHello, SplitOverRecords) {
  const std::string bytes = hello_of_openssl("a.example");
  const std::string message = bytes.substr(5);
  std::string split;
  for (std::size_t at = 0; at < message.size(); at += 7) {
    const std::string piece = message.substr(at, 7);
    split += std::string("\x16\x03\x01\x00", 4) + static_cast<char>(piece.size()) + piece;
  }
  const auto hello = read_client_hello(split);
  ASSERT_TRUE(hello) << hello.error().message();
  EXPECT_EQ(hello->server_name, "a.example");
}

TEST(ClientHello, Refusals) {
  const std::string good = hello_of_openssl("aaaa.example");
  std::string bad_name = good;
  bad_name.replace(bad_name.find("aaaa.example"), 4, "a\0_a", 4);
  std::string short_body = good;
  short_body[8] = 10;  // the message's length
  short_body[7] = 0;
  const struct {
    const char* name;
    std::string bytes;
  } cases[] = {
      {"HTTP", "GET / HTTP/1.1\r\n\r\n"},
      {"alert record", std::string("\x15\x03\x01\x00\x02\x02\x50", 7)},
      {"SSL 2", std::string("\x80\x2e\x01\x00\x02", 5)},
      {"version 4", std::string("\x16\x04\x01\x00\x02", 5)},
      {"empty record", std::string("\x16\x03\x01\x00\x00", 5)},
      {"giant record", std::string("\x16\x03\x01\xff\xff", 5)},
      {"server hello", std::string("\x16\x03\x01\x00\x04\x02\x00\x00\x00", 9)},
      {"giant message", std::string("\x16\x03\x01\x00\x04\x01\xff\xff\xff", 9)},
      {"characters", bad_name},
      {"ends early", short_body},
  };
  for (const auto& test : cases) {
    const auto hello = read_client_hello(test.bytes);
    ASSERT_FALSE(hello) << test.name;
    EXPECT_EQ(hello.error().code(), ErrorCode::kBadRequest);
  }
}

// An HTTPS server "on a host", reached as curl -> gateway -> stream -> websocket -> stream -> TCP.
class GatewayTest : public ::testing::Test {
 protected:
  GatewayTest() {
    api_ = net::HttpServer::start({.tls = Certificates::instance().server()}, [](const net::HttpRequest& request,
                                                                                 net::Responder& responder) {
             if (request.path == "/big") {
               return responder.send({.status = 200, .headers = {}, .body = std::string(5'000'000, 'b')});
             }
             responder.send({.status = 200, .headers = {}, .body = "api " + request.path});
           }).value();
    near_ = net::TunnelMultiplexer::create({});
    door_ = net::HttpServer::start({.tls = Certificates::instance().server()}, [this](const net::HttpRequest&,
                                                                                      net::Responder& responder) {
              near_->attach(responder.accept_websocket(handler_of(near_)));
              attached_ = true;
            }).value();
    agent_ = net::ClientRuntime::start().value();
    far_ = net::TunnelMultiplexer::create({.on_open = [this](const std::string&, auto stream) {
      net::serve_tunnel_stream(*agent_, std::move(stream), "127.0.0.1", api_->port(), 2s);
    }});
    far_->attach(
        agent_
            ->connect_websocket(
                {.host = "127.0.0.1", .port = door_->port(), .path = "/", .tls = Certificates::instance().client()},
                handler_of(far_))
            .value());
    EXPECT_TRUE(eventually([this] { return attached_.load(); }));
  }
  ~GatewayTest() override {
    gateway_.reset();
    agent_.reset();
    door_.reset();
    api_.reset();
  }
  static net::WebSocketHandler handler_of(const std::shared_ptr<net::TunnelMultiplexer>& multiplexer) {
    return {.on_text = nullptr,
            .on_binary = [multiplexer](const std::string& bytes) { multiplexer->receive(bytes); },
            .on_writable = [multiplexer] { multiplexer->writable(); },
            .on_closed = [multiplexer](const std::string& reason) { multiplexer->shutdown(reason); }};
  }
  void open(GatewayOptions options = {}) {
    gateway_ = Gateway::start(std::move(options),
                              [this](const std::string& name) -> base::Result<std::shared_ptr<net::TunnelStream>> {
                                if (name == "localhost") return near_->open("127.0.0.1:6443");
                                if (name == "away.example")
                                  return base::fail(ErrorCode::kUnavailable, "the host is not connected");
                                return base::fail(ErrorCode::kNotFound, "no such cluster");
                              })
                   .value();
  }
  base::ProcessResult curl(const std::string& host, const std::string& path, std::vector<std::string> more = {}) {
    std::vector<std::string> argv{"curl",
                                  "-sS",
                                  "--max-time",
                                  "20",
                                  "--noproxy",
                                  "*",
                                  "--cacert",
                                  Certificates::instance().path("ca.pem"),
                                  "--connect-to",
                                  host + ":443:127.0.0.1:" + std::to_string(gateway_->port()),
                                  "https://" + host + path};
    argv.insert(argv.end(), more.begin(), more.end());
    return base::run_process({.argv = argv, .output_limit = 8u << 20}).value();
  }
  bool drained() {
    return eventually([this] { return gateway_->counters().open == 0 && near_->stream_count() == 0; });
  }

  std::atomic<bool> attached_ = false;
  std::unique_ptr<net::HttpServer> api_;
  std::shared_ptr<net::TunnelMultiplexer> near_;
  std::shared_ptr<net::TunnelMultiplexer> far_;
  std::unique_ptr<net::HttpServer> door_;
  std::unique_ptr<net::ClientRuntime> agent_;
  std::unique_ptr<Gateway> gateway_;
};

TEST_F(GatewayTest, TlsEndsAtTheCluster) {
  open();
  const auto result = curl("localhost", "/version");
  EXPECT_EQ(result.standard_output, "api /version") << result.standard_error;
  EXPECT_EQ(curl("localhost", "/big").standard_output.size(), 5'000'000u);
  EXPECT_EQ(gateway_->counters().tunnelled, 2u);
  EXPECT_TRUE(drained());
}

TEST_F(GatewayTest, RefusalsAreAlerts) {
  open();
  const auto unknown = curl("nobody.example", "/");
  EXPECT_EQ(unknown.exit_code, 35);
  EXPECT_THAT(unknown.standard_error, HasSubstr("unrecognized name"));
  const auto away = curl("away.example", "/");
  EXPECT_EQ(away.exit_code, 35);
  EXPECT_THAT(away.standard_error, HasSubstr("internal error"));
  RawClient nameless(gateway_->port());
  nameless.write(hello_of_openssl(""));
  EXPECT_EQ(nameless.read_to_end(), alert_record(TlsAlert::kUnrecognizedName));
  RawClient garbage(gateway_->port());
  garbage.write("GET / HTTP/1.1\r\n\r\n");
  EXPECT_THAT(garbage.read_to_end(), StartsWith(kAlertUnknownName));
  EXPECT_TRUE(garbage.ended());
  const GatewayCounters counters = gateway_->counters();
  EXPECT_EQ(counters.unknown_names, 2u);
  EXPECT_EQ(counters.unreachable, 1u);
  EXPECT_EQ(counters.malformed, 1u);
  EXPECT_EQ(counters.tunnelled, 0u);
}

TEST_F(GatewayTest, SlowHelloAndIdleConnectionsEnd) {
  open({.hello_timeout = 100ms, .idle_timeout = 300ms});
  RawClient silent(gateway_->port());
  RawClient half(gateway_->port());
  half.write(hello_of_openssl("localhost").substr(0, 100));
  silent.read_to_end();
  half.read_to_end();
  EXPECT_TRUE(silent.ended());
  EXPECT_TRUE(half.ended());
  RawClient idle(gateway_->port());
  idle.write(hello_of_openssl("localhost"));
  EXPECT_THAT(idle.read_to_end(), StartsWith("\x16\x03\x03"));  // the API server's hello came through
  EXPECT_TRUE(idle.ended());
  EXPECT_EQ(gateway_->counters().timed_out, 3u);
  EXPECT_TRUE(drained());
}

TEST_F(GatewayTest, LostHostEndsItsConnections) {
  open();
  RawClient client(gateway_->port());
  client.write(hello_of_openssl("localhost"));
  client.read_text("\x16\x03\x03");
  near_->shutdown("revoked");
  client.read_to_end();
  EXPECT_TRUE(client.ended());
  EXPECT_THAT(curl("localhost", "/").standard_error, HasSubstr("internal error"));
}

TEST_F(GatewayTest, ManyClientsAndStop) {
  open({.max_connections = 20});
  std::vector<std::jthread> threads;
  std::atomic<int> good = 0;
  for (int t = 0; t < 6; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 3; ++i) {
        if (curl("localhost", "/x").standard_output == "api /x") ++good;
      }
    });
  }
  threads.clear();
  EXPECT_EQ(good, 18);
  RawClient client(gateway_->port());
  client.write(hello_of_openssl("localhost"));
  client.read_text("\x16\x03\x03");
  gateway_->stop();
  client.read_to_end();
  EXPECT_TRUE(client.ended());
  EXPECT_EQ(gateway_->counters().open, 0u);
}

}  // namespace
}  // namespace slipway::gateway
