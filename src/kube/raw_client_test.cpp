#include "kube/raw_client.h"

#include <atomic>
#include <gmock/gmock.h>
#include <mutex>
#include <thread>

#include "base/files.h"
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
    if (request.path == "/busy" || request.path == "/login") return refuse_first(request, responder);
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
  // Not the first `refusals_` calls.
  void refuse_first(const net::HttpRequest& request, net::Responder& responder) {
    authorizations_.emplace_back(request.header("authorization"));
    if (++calls_ > refusals_) return responder.send({.status = 200, .headers = {}, .body = "{}"});
    net::HttpResponse refusal{.status = request.path == "/login" ? 401 : busy_status_, .headers = {}, .body = "{}"};
    if (!retry_after_.empty()) refusal.headers.emplace_back("retry-after", retry_after_);
    responder.send(std::move(refusal));
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
  std::atomic<int> calls_ = 0;
  int refusals_ = 0, busy_status_ = 429;
  std::string retry_after_;
  std::vector<std::string> authorizations_;
};

// A clock whose waits are over at once.
class LeapingClock final : public base::Clock {
 public:
  base::WallTime now() const override { return clock_.now(); }
  std::chrono::nanoseconds steady() const override { return clock_.steady(); }
  void wait_until(std::condition_variable_any&, std::unique_lock<std::mutex>&, std::chrono::nanoseconds deadline,
                  const std::stop_token&) override {
    clock_.advance(deadline - clock_.steady());
  }

 private:
  base::ManualClock clock_;
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

TEST_F(RawClientTest, TokenWithAndWithoutACertificate) {
  config_.token = "t0ken";
  EXPECT_THAT(client()->request({.path = "/"})->body, HasSubstr("cn=admin auth=Bearer t0ken"));
  config_.client_certificate_pem = config_.client_key_pem = "";
  EXPECT_THAT(client()->request({.path = "/"})->body, HasSubstr("cn= auth=Bearer t0ken"));
  config_.token = "t\r\nX-Remote-User: root";
  EXPECT_EQ(connect_raw(config_).error().code(), ErrorCode::kInvalid);
}

TEST_F(RawClientTest, ABusyServerIsAskedAgainWhenItWants) {
  LeapingClock clock;
  refusals_ = 3;
  retry_after_ = "2";
  for (const int status : {429, 503}) {
    busy_status_ = status;
    calls_ = 0;
    const auto before = clock.steady();
    EXPECT_EQ(client({.clock = &clock})->request({.method = "POST", .path = "/busy"})->status, 200);
    EXPECT_EQ(calls_, 4);
    EXPECT_EQ(clock.steady() - before, 6s);
  }
  calls_ = 0;
  EXPECT_TRUE(client({.clock = &clock})->open_stream({.path = "/busy"}));
  EXPECT_EQ(calls_, 4);
}

TEST_F(RawClientTest, ABusyServerIsAskedForABoundedTime) {
  LeapingClock clock;
  refusals_ = 1000;
  const struct {
    const char* retry_after;
    std::chrono::milliseconds timeout;
    int calls;
  } cases[] = {{"", 30s, 1}, {"1", 30s, 10}, {"4", 30s, 8}, {"4", 5s, 2}, {"3600", 30s, 1}, {"10", 3600s, 3}};
  for (const auto& [retry_after, timeout, calls] : cases) {
    retry_after_ = retry_after;
    calls_ = 0;
    EXPECT_EQ(client({.clock = &clock})->request({.path = "/busy", .timeout = timeout})->status, 429);
    EXPECT_EQ(calls_, calls) << retry_after;
  }
  EXPECT_EQ(client({.clock = &clock})->open_stream({.path = "/busy"}).error().code(), ErrorCode::kTooManyRequests);
}

TEST_F(RawClientTest, ARefusedTokenOfAFileIsReadAgainOnce) {
  const auto folder = base::TemporaryFolder::create("slipway-token").value();
  config_.client_certificate_pem = config_.client_key_pem = "";
  config_.token_file = folder.path() / "token";
  ASSERT_TRUE(base::write_file_atomically(config_.token_file, "old", 0600));
  const auto raw = client();
  refusals_ = 1000;
  EXPECT_EQ(raw->request({.path = "/login"})->status, 401);
  EXPECT_EQ(calls_, 1) << "there is no other token";
  ASSERT_TRUE(base::write_file_atomically(config_.token_file, "new", 0600));
  EXPECT_EQ(raw->open_stream({.path = "/login"}).error().code(), ErrorCode::kUnauthorized);
  EXPECT_EQ(calls_, 2) << "the new one is used at once, and is refused as well";
  EXPECT_EQ(authorizations_.back(), "Bearer new");
}

TEST_F(RawClientTest, ARefusedPluginIsAskedForAnotherCredential) {
  const auto folder = base::TemporaryFolder::create("slipway-plugin").value();
  const std::string plugin = folder.path() / "plugin", count = folder.path() / "count";
  ASSERT_TRUE(base::write_file_atomically(
      plugin,
      "#!/bin/sh\necho x >> " + count + "\necho '{\"apiVersion\":\"client.authentication.k8s.io/v1\"," +
          "\"kind\":\"ExecCredential\",\"status\":{\"token\":\"t'$(wc -l < " + count + ")'\"}}'\n",
      0700));
  config_.client_certificate_pem = config_.client_key_pem = "";
  config_.exec = pki::ExecPlugin{.api_version = "client.authentication.k8s.io/v1", .command = plugin};
  const auto raw = client();
  refusals_ = 1;
  EXPECT_EQ(raw->request({.path = "/login"})->status, 200);
  EXPECT_THAT(authorizations_, ::testing::ElementsAre("Bearer t1", "Bearer t2"));
  refusals_ = 1000;
  EXPECT_EQ(raw->request({.path = "/login"})->status, 401);
  EXPECT_EQ(calls_, 4) << "once more, not for ever";
}

TEST_F(RawClientTest, InsecureTakesAnyCertificate) {
  config_.ca_pem = "";
  EXPECT_FALSE(client()->request({.path = "/"}));
  config_.insecure_skip_tls_verify = true;
  EXPECT_TRUE(client()->request({.path = "/"}));
}

TEST_F(RawClientTest, AProxyIsUsedAlsoOnLoopback) {
  config_.proxy_url = "http://127.0.0.1:1";
  const auto refused = client()->request({.path = "/"});
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message(), HasSubstr("port 1"));
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
