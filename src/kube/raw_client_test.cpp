#include "kube/raw_client.h"

#include <atomic>
#include <gmock/gmock.h>
#include <mutex>
#include <thread>

#include "net/http_server.h"
#include "pki/certificate.h"

namespace slipway::kube {
namespace {

using base::ErrorCode;
using ::testing::HasSubstr;
using namespace std::chrono_literals;

constexpr const char* kServerName = "c1.edge.clusters.slipway.internal";

// An HTTPS server whose certificate is good for kServerName and 127.0.0.1 only.
class RawClientTest : public ::testing::Test {
 protected:
  RawClientTest() {
    const auto now = base::SystemClock::instance().now();
    ca_ = pki::create_ca({"ca", {}}, pki::KeyType::kEcP256, 24h, now).value();
    const auto server =
        pki::issue(ca_, {.subject = {"server", {}}, .dns_names = {kServerName}, .ip_addresses = {"127.0.0.1"}},
                   pki::KeyType::kEcP256, now)
            .value();
    const auto client =
        pki::issue(ca_, {.subject = {"admin", {"masters"}}, .usage = pki::Usage::kClient}, pki::KeyType::kEcP256, now)
            .value();
    server_ = net::HttpServer::start(
                  {.tls = {.certificate_pem = server.certificate_pem,
                           .key_pem = server.key_pem,
                           .client_ca_pem = ca_.certificate_pem}},
                  [this](const net::HttpRequest& request, net::Responder& responder) { handle(request, responder); })
                  .value();
    config_.server = "https://127.0.0.1:" + std::to_string(server_->port());
    config_.ca_pem = ca_.certificate_pem;
    config_.client_certificate_pem = client.certificate_pem;
    config_.client_key_pem = client.key_pem;
  }
  ~RawClientTest() override { server_.reset(); }

  void handle(const net::HttpRequest& request, net::Responder& responder) {
    if (request.path == "/watch") {
      const std::lock_guard lock(mutex_);
      body_ = responder.stream({});
      return;
    }
    if (request.path == "/slow") std::this_thread::sleep_for(500ms);
    if (request.path == "/big")
      return responder.send({.status = 200, .headers = {}, .body = std::string(100'000, 'b')});
    if (request.path == "/refused") {
      return responder.send(
          {.status = 422,
           .headers = {},
           .body = R"({"kind":"Status","reason":"Invalid","message":"m","code":422,"details":{"causes":[
                                {"reason":"FieldValueInvalid","message":"bad","field":"spec.x"}]}})"});
    }
    std::string body = request.method + " " + request.target + " host=" + std::string(request.header("host")) +
                       " cn=" + request.certificate.common_name +
                       " auth=" + std::string(request.header("authorization")) +
                       " type=" + std::string(request.header("content-type")) + " body=" + request.body;
    responder.send({.status = 200, .headers = {{"content-type", "text/plain"}}, .body = body});
  }
  std::shared_ptr<RawClient> client(RawClientOptions options = {}) { return connect_raw(config_, options).value(); }
  std::shared_ptr<net::BodyStream> body() {
    const std::lock_guard lock(mutex_);
    return body_;
  }

  pki::KeyAndCertificate ca_;
  std::unique_ptr<net::HttpServer> server_;
  pki::Kubeconfig config_;
  std::mutex mutex_;
  std::shared_ptr<net::BodyStream> body_;
};

TEST_F(RawClientTest, MethodsBodiesAndCertificates) {
  const auto raw = client();
  for (const char* method : {"GET", "POST", "PUT", "PATCH", "DELETE"}) {
    RawRequest request;
    request.method = method;
    request.path = "/a%20b?x=%2F";
    if (std::string_view(method) != "GET") request.body = "{}";
    const auto response = raw->request(request);
    ASSERT_TRUE(response) << response.error().message();
    EXPECT_EQ(response->status, 200);
    EXPECT_THAT(response->body, ::testing::StartsWith(std::string(method) + " /a%20b?x=%2F "));
    EXPECT_THAT(response->body, HasSubstr("cn=admin "));
    EXPECT_THAT(response->body, ::testing::EndsWith("body=" + request.body));
  }
  RawRequest empty_post;
  empty_post.method = "POST";
  empty_post.path = "/x";
  EXPECT_THAT(raw->request(empty_post)->body, ::testing::StartsWith("POST /x"));
}

TEST_F(RawClientTest, ServerNameGoesToTlsAndTheConnectionToTheServer) {
  config_.tls_server_name = kServerName;
  EXPECT_THAT(client()->request({.path = "/"})->body, HasSubstr(std::string("host=") + kServerName));
  config_.tls_server_name = "other.example";
  const auto refused = client()->request({.path = "/"});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::kUnavailable);
  EXPECT_THAT(refused.error().message(), HasSubstr("other.example"));
}

TEST_F(RawClientTest, TokenInsteadOfACertificate) {
  config_.client_certificate_pem = config_.client_key_pem = "";
  config_.token = "t0ken";
  EXPECT_THAT(client()->request({.path = "/"})->body, HasSubstr("auth=Bearer t0ken"));
}

TEST_F(RawClientTest, ForeignAuthorityIsNotTrusted) {
  config_.ca_pem =
      pki::create_ca({"x", {}}, pki::KeyType::kEcP256, 24h, base::SystemClock::instance().now())->certificate_pem;
  const auto refused = client()->request({.path = "/"});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::kUnavailable);
  EXPECT_EQ(refused.error().message().find("BEGIN"), std::string::npos);
}

TEST_F(RawClientTest, LimitsAndFailures) {
  EXPECT_EQ(client()->request({.path = "/slow", .timeout = 50ms}).error().code(), ErrorCode::kTimeout);
  EXPECT_EQ(client({.max_response_bytes = 1000})->request({.path = "/big"}).error().code(), ErrorCode::kTooLarge);
  server_->stop(0ms);
  EXPECT_EQ(client()->request({.path = "/"}).error().code(), ErrorCode::kUnavailable);
  for (const char* server : {"http://x:1", "https://", "https://x:y", "https://u:p@x:1", "x:1"}) {
    EXPECT_EQ(connect_raw({.server = server}).error().code(), ErrorCode::kInvalid) << server;
  }
}

TEST_F(RawClientTest, StatusBecomesAnError) {
  const auto json = json_of(client()->request({.path = "/refused"}));
  ASSERT_FALSE(json);
  EXPECT_EQ(json.error().code(), ErrorCode::kInvalid);
  EXPECT_EQ(json.error().message(), "m");
  EXPECT_EQ(json.error().fields(), (std::vector<base::FieldError>{{"spec.x", "FieldValueInvalid", "bad"}}));
  EXPECT_EQ(error_of({.status = 503, .content_type = "", .body = "down\n"}).message(), "the server answered 503: down");
  const auto stream = client()->open_stream({.path = "/refused"});
  ASSERT_FALSE(stream);
  EXPECT_EQ(stream.error().code(), ErrorCode::kInvalid);
}

TEST_F(RawClientTest, StreamOfLines) {
  auto stream = client()->open_stream({.path = "/watch"});
  ASSERT_TRUE(stream) << stream.error().message();
  EXPECT_TRUE((*stream)->next(10ms)->empty());
  body()->write("one\ntw");
  EXPECT_EQ((*stream)->next(10s).value(), std::vector<std::string>{"one"});
  body()->write("o\n\nthree\n");
  std::vector<std::string> lines;
  while (lines.size() < 2) {
    const auto batch = (*stream)->next(10s).value();
    lines.insert(lines.end(), batch.begin(), batch.end());
  }
  EXPECT_EQ(lines, (std::vector<std::string>{"two", "three"}));
  body()->finish();
  const auto end = (*stream)->next(10s);
  ASSERT_FALSE(end);
  EXPECT_EQ(end.error().code(), ErrorCode::kUnavailable);
}

TEST_F(RawClientTest, StreamIsClosedFromAnotherThread) {
  auto stream = client()->open_stream({.path = "/watch"});
  ASSERT_TRUE(stream);
  std::jthread closer([&] { (*stream)->close(); });
  const auto end = (*stream)->next(30s);
  ASSERT_FALSE(end);
  EXPECT_EQ(end.error().code(), ErrorCode::kCancelled);
  closer.join();
  // The server learns of it once the stream is gone.
  stream->reset();
  for (int i = 0; i < 5000 && body()->write("x\n"); ++i) std::this_thread::sleep_for(1ms);
  EXPECT_FALSE(body()->write("x\n"));
}

TEST_F(RawClientTest, AnEndlessLineIsCut) {
  auto stream = client({.max_line_bytes = 1000})->open_stream({.path = "/watch"});
  ASSERT_TRUE(stream);
  body()->write(std::string(10'000, 'x'));
  EXPECT_EQ((*stream)->next(10s).error().code(), ErrorCode::kTooLarge);
}

TEST_F(RawClientTest, ManyThreadsShareOneClient) {
  const auto raw = client();
  std::atomic<int> good = 0;
  std::vector<std::jthread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 20; ++i) {
        if (raw->request({.path = "/x"}).has_value()) ++good;
      }
    });
  }
  threads.clear();
  EXPECT_EQ(good, 160);
}

}  // namespace
}  // namespace slipway::kube
