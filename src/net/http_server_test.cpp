#include "net/http_server.h"

#include <atomic>
#include <fstream>
#include <future>
#include <gmock/gmock.h>

#include "net/testing.h"

namespace slipway::net {
namespace {

using net::testing::Certificates;
using net::testing::eventually;
using net::testing::RawClient;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
using namespace std::chrono_literals;

void echo(const HttpRequest& request, Responder& responder) {
  std::string body = request.method + " " + request.path + "\n";
  for (const auto& [name, value] : request.query) body += name + "=" + value + "\n";
  if (request.has_certificate) {
    body += "cn=" + request.certificate.common_name + " o=" + request.certificate.organizations.front() + "\n";
  }
  body += request.body;
  responder.send({.status = 200, .headers = {{"content-type", "text/plain"}}, .body = body});
}

std::unique_ptr<HttpServer> serve(HttpHandler handler, HttpServerOptions options = {}) {
  auto server = HttpServer::start(std::move(options), std::move(handler));
  EXPECT_TRUE(server) << (server ? "" : server.error().message());
  return std::move(*server);
}

std::string curl(const HttpServer& server, std::vector<std::string> arguments, const std::string& target,
                 bool tls = false, int expected_exit = 0) {
  std::vector<std::string> argv{"curl", "-sS", "--max-time", "20", "--noproxy", "*"};
  if (tls) argv.insert(argv.end(), {"--cacert", Certificates::instance().path("ca.pem")});
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  argv.push_back((tls ? "https://127.0.0.1:" : "http://127.0.0.1:") + std::to_string(server.port()) + target);
  return net::testing::run(std::move(argv), expected_exit);
}

TEST(HttpServer, AnswersCurl) {
  const auto server = serve(echo);
  EXPECT_EQ(curl(*server, {}, "/a%20b/c?x=1&y=%2F+z"), "GET /a b/c\nx=1\ny=/ z\n");
  EXPECT_EQ(curl(*server, {"-d", "hello"}, "/p"), "POST /p\nhello");
  EXPECT_EQ(curl(*server, {"-d", "hello", "-H", "Transfer-Encoding: chunked"}, "/p"), "POST /p\nhello");
  EXPECT_THAT(curl(*server, {"-I"}, "/head"), HasSubstr("Content-Length: 11"));
  EXPECT_THAT(curl(*server, {"-0"}, "/old"), HasSubstr("GET /old"));
}

TEST(HttpServer, LargeBodiesBothWays) {
  const auto server = serve(echo);
  const auto folder = base::TemporaryFolder::create().value();
  const std::string path = folder.path() / "body";
  const std::string body(2'500'000, 'x');
  ASSERT_TRUE(base::write_file_atomically(path, body, 0600));
  const std::string answer = curl(*server, {"-X", "PUT", "--data-binary", "@" + path, "-o", path + ".out"}, "/big");
  EXPECT_EQ(base::read_file(path + ".out").value(), "PUT /big\n" + body);
}

TEST(HttpServer, KeepsTheConnection) {
  const auto server = serve(echo);
  RawClient client(server->port());
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(client.write("GET /k HTTP/1.1\r\nHost: x\r\n\r\n"));
    EXPECT_THAT(client.read_text("GET /k\n"), StartsWith("HTTP/1.1 200 OK\r\n"));
  }
  ASSERT_TRUE(client.write("GET /last HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"));
  EXPECT_THAT(client.read_to_end(), HasSubstr("Connection: close"));
  EXPECT_TRUE(client.ended());
}

TEST(HttpServer, AnswersPipelinedRequestsInOrder) {
  const auto server = serve(echo);
  RawClient client(server->port());
  std::string all;
  for (int i = 0; i < 20; ++i) all += "GET /n" + std::to_string(i) + " HTTP/1.1\r\nHost: x\r\n\r\n";
  ASSERT_TRUE(client.write(all));
  const std::string answers = client.read_text("/n19\n");
  std::size_t at = 0;
  for (int i = 0; i < 20; ++i) {
    const std::size_t found = answers.find("GET /n" + std::to_string(i) + "\n");
    ASSERT_NE(found, std::string::npos) << i;
    EXPECT_GE(found, at);
    at = found;
  }
}

TEST(HttpServer, ClientCertificateReachesTheHandler) {
  const Certificates& certificates = Certificates::instance();
  const auto server = serve(echo, {.tls = certificates.server()});
  EXPECT_EQ(curl(*server, {}, "/", true), "GET /\n");
  EXPECT_EQ(
      curl(*server, {"--cert", certificates.path("client.pem"), "--key", certificates.path("client.key")}, "/", true),
      "GET /\ncn=host:edge:h1 o=slipway:hosts\n");
}

TEST(HttpServer, ForeignClientCertificateFailsTheHandshake) {
  const Certificates& certificates = Certificates::instance();
  const auto server = serve(echo, {.tls = certificates.server()});
  const auto result = base::run_process(
      {.argv = {"curl", "-sS", "--noproxy", "*", "--max-time", "20", "--cacert", certificates.path("ca.pem"), "--cert",
                certificates.path("stranger.pem"), "--key", certificates.path("stranger.key"),
                "https://127.0.0.1:" + std::to_string(server->port()) + "/"}});
  ASSERT_TRUE(result);
  EXPECT_EQ(result->exit_code, 56) << result->standard_error;  // TLS 1.3: the alert is the first thing read
  EXPECT_THAT(result->standard_error, HasSubstr("alert"));
}

TEST(HttpServer, RequiredClientCertificate) {
  const Certificates& certificates = Certificates::instance();
  const auto server = serve(echo, {.tls = certificates.server(true)});
  const auto result = base::run_process(
      {.argv = {"curl", "-sS", "--noproxy", "*", "--max-time", "20", "--cacert", certificates.path("ca.pem"),
                "https://127.0.0.1:" + std::to_string(server->port()) + "/"}});
  ASSERT_TRUE(result);
  EXPECT_NE(result->exit_code, 0);
}

TEST(HttpServer, ReloadedTrustHoldsForNewConnections) {
  const Certificates& certificates = Certificates::instance();
  const auto server = serve(echo, {.tls = certificates.server()});
  TlsServerOptions other = certificates.server();
  other.client_ca_pem = certificates.text("other-ca.pem");
  ASSERT_TRUE(server->reload_tls(other));
  EXPECT_THAT(curl(*server, {"--cert", certificates.path("stranger.pem"), "--key", certificates.path("stranger.key")},
                   "/", true),
              HasSubstr("host:edge:h1"));
  other.key_pem = certificates.text("client.key");
  EXPECT_FALSE(server->reload_tls(other));
}

TEST(HttpServer, UnusableTlsOptionsAreRefused) {
  TlsServerOptions tls = Certificates::instance().server();
  tls.key_pem = Certificates::instance().text("client.key");
  const auto server = HttpServer::start({.tls = tls}, echo);
  ASSERT_FALSE(server);
  EXPECT_THAT(server.error().message(), HasSubstr("does not belong"));
}

TEST(HttpServer, TakenPortIsNamed) {
  const auto first = serve(echo);
  const auto second = HttpServer::start({.port = first->port()}, echo);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code(), base::ErrorCode::kUnavailable);
  EXPECT_THAT(second.error().message(), HasSubstr(std::to_string(first->port())));
}

TEST(HttpServer, BadInputGetsItsStatus) {
  const auto server = serve(echo, {.max_header_bytes = 4096, .max_body_bytes = 1000});
  const struct {
    std::string input;
    std::string expected;
  } cases[] = {
      {"nonsense\r\n\r\n", "HTTP/1.1 400 "},
      {"GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 400 "},
      {"GET /%00 HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 400 "},
      {"GET http://x/ HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 400 "},
      {"POST / HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", "HTTP/1.1 400 "},
      {"POST / HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc", "HTTP/1.1 400 "},
      {"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", "HTTP/1.1 400 "},
      {"GET / HTTP/1.1\r\nX: " + std::string(10'000, 'a') + "\r\n\r\n", "HTTP/1.1 431 "},
      {"GET / HTTP/1.1\r\nX: " + std::string(10'000, 'a'), "HTTP/1.1 431 "},
      {"GET /" + std::string(10'000, 'a') + " HTTP/1.1\r\n\r\n", "HTTP/1.1 431 "},
      {"POST / HTTP/1.1\r\nContent-Length: 1001\r\n\r\n", "HTTP/1.1 413 "},
      {"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3ea\r\n" + std::string(1002, 'b'), "HTTP/1.1 413 "},
  };
  for (const auto& [input, expected] : cases) {
    RawClient client(server->port());
    client.write(input);
    EXPECT_THAT(client.read_to_end(), StartsWith(expected)) << input.substr(0, 60);
    EXPECT_TRUE(client.ended());
  }
  EXPECT_EQ(curl(*server, {}, "/still"), "GET /still\n");
}

TEST(HttpServer, RefusalsKnowTheRequestWhoseHeadCame) {
  std::mutex mutex;
  std::vector<std::string> refused;
  std::atomic<bool> entered = false, release = false;
  const auto server = serve(
      [&](const HttpRequest& request, Responder& responder) {
        entered = true;
        while (!release) std::this_thread::sleep_for(1ms);
        echo(request, responder);
      },
      {.worker_threads = 1,
       .max_queued_requests = 2,
       .flow_of = [](const HttpRequest& request) { return RequestFlow{0, std::string(request.header("user"))}; },
       .refuse =
           [&](const RefusedRequest& refusal) {
             const std::lock_guard lock(mutex);
             refused.push_back(std::to_string(refusal.status) + " " +
                               (refusal.request ? refusal.request->method + " " + refusal.request->path +
                                                      (refusal.request->peer_address.empty() ? " nowhere" : "")
                                                : "unknown"));
             return HttpResponse{.status = refusal.status, .body = "refused\n"};
           },
       .max_header_bytes = 4096,
       .max_body_bytes = 1000,
       .body_timeout = 1s});
  const auto ask = [&](const std::string& bytes) {
    RawClient client(server->port());
    client.write(bytes);
    return client.read_text("refused\n");
  };
  EXPECT_THAT(ask("GET /a HTTP/1.1\r\nX: " + std::string(10'000, 'a')), HasSubstr("Connection: close"));
  ask("POST /b?x=1 HTTP/1.1\r\nContent-Length: 1001\r\n\r\n");
  ask("PUT /c HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3ea\r\n" + std::string(1002, 'b'));
  ask("PUT /d HTTP/1.1\r\nContent-Length: 10\r\n\r\nabc");
  // One request runs; of two further ones of its user one waits, and of two other users one.
  const auto get = [](const std::string& path, const std::string& user) {
    return "GET " + path + " HTTP/1.1\r\nHost: x\r\nUser: " + user + "\r\n\r\n";
  };
  const auto refusals = [&] {
    const std::lock_guard lock(mutex);
    return refused.size();
  };
  RawClient running(server->port()), same_one(server->port()), same_two(server->port()), other_one(server->port()),
      other_two(server->port());
  running.write(get("/run", "u1"));
  ASSERT_TRUE(eventually([&] { return entered.load(); }));
  same_one.write(get("/same", "u1"));
  same_two.write(get("/same", "u1"));
  ASSERT_TRUE(eventually([&] { return refusals() == 5; }));
  other_one.write(get("/other", "u2"));
  other_two.write(get("/other", "u3"));
  ASSERT_TRUE(eventually([&] { return refusals() == 6; }));
  release = true;
  const auto either = [](std::string_view all) { return all.ends_with("refused\n") || all.find("GET /") != all.npos; };
  const std::string same = same_one.read_until(either) + same_two.read_until(either);
  const std::string other = other_one.read_until(either) + other_two.read_until(either);
  EXPECT_THAT(same, AllOf(HasSubstr("HTTP/1.1 429 "), HasSubstr("GET /same"), Not(HasSubstr("Connection: close"))));
  EXPECT_THAT(other, AllOf(HasSubstr("HTTP/1.1 503 "), HasSubstr("GET /other"), Not(HasSubstr("Connection: close"))));
  for (RawClient* client : {&same_one, &same_two, &other_one, &other_two}) {
    client->write(get("/later", "u4"));
    EXPECT_THAT(client->read_text("GET /later\n"), HasSubstr("GET /later\n"));
  }
  const std::lock_guard lock(mutex);
  EXPECT_THAT(refused,
              ElementsAre("431 unknown", "413 POST /b", "413 PUT /c", "408 PUT /d", "429 GET /same", "503 GET /other"));
}

TEST(HttpServer, TooLargeBodyIsToldToTheClientThatStillSends) {
  const auto server = serve(echo, {.max_body_bytes = 1000});
  const auto folder = base::TemporaryFolder::create().value();
  const std::string path = folder.path() / "body";
  ASSERT_TRUE(base::write_file_atomically(path, std::string(300'000, 'x'), 0600));
  EXPECT_EQ(curl(*server, {"-o", "/dev/null", "-w", "%{http_code}", "-H", "Expect:", "--data-binary", "@" + path}, "/"),
            "413");
}

TEST(HttpServer, SlowLorisIsCut) {
  const auto server = serve(echo, {.header_timeout = 1s, .body_timeout = 1s});
  RawClient silent(server->port());
  RawClient dripping(server->port());
  RawClient body(server->port());
  ASSERT_TRUE(dripping.write("GET / HTTP/1.1\r\n"));
  ASSERT_TRUE(body.write("POST / HTTP/1.1\r\nContent-Length: 100\r\n\r\nabc"));
  std::jthread drip([&dripping](const std::stop_token& stop) {
    while (!stop.stop_requested() && dripping.write("X: y\r\n")) std::this_thread::sleep_for(50ms);
  });
  const auto start = std::chrono::steady_clock::now();
  EXPECT_THAT(dripping.read_to_end(), StartsWith("HTTP/1.1 408 "));
  EXPECT_THAT(silent.read_to_end(), StartsWith("HTTP/1.1 408 "));
  EXPECT_THAT(body.read_to_end(), StartsWith("HTTP/1.1 408 "));
  EXPECT_LT(std::chrono::steady_clock::now() - start, 5s);
  drip.request_stop();
}

TEST(HttpServer, TlsHandshakeHasALimitAndGarbageEndsIt) {
  const auto server = serve(echo, {.tls = Certificates::instance().server(), .header_timeout = 1s});
  RawClient silent(server->port());
  RawClient garbage(server->port());
  ASSERT_TRUE(garbage.write("GET / HTTP/1.1\r\n\r\n"));
  garbage.read_to_end();
  EXPECT_TRUE(garbage.ended());
  EXPECT_EQ(silent.read_to_end(), "");
  EXPECT_TRUE(silent.ended());
  EXPECT_EQ(curl(*server, {}, "/", true), "GET /\n");
}

TEST(HttpServer, IdleConnectionEnds) {
  const auto server = serve(echo, {.idle_timeout = 1s});
  RawClient client(server->port());
  ASSERT_TRUE(client.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n"));
  EXPECT_THAT(client.read_to_end(), HasSubstr("GET /\n"));
  EXPECT_TRUE(client.ended());
}

TEST(HttpServer, ExceptionAndSilenceAre500) {
  const auto server = serve([](const HttpRequest& request, Responder&) {
    if (request.path == "/throw") throw std::runtime_error("secret detail");
  });
  for (const char* path : {"/throw", "/silent"}) {
    const std::string answer = curl(*server, {"-i"}, path);
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 500 "));
    EXPECT_THAT(answer, ::testing::Not(HasSubstr("secret")));
  }
}

TEST(HttpServer, AKeptRequestIsAnsweredLater) {
  std::mutex mutex;
  std::map<std::string, std::pair<const HttpRequest*, std::shared_ptr<Responder>>> kept;
  const auto server = serve([&](const HttpRequest& request, Responder& responder) {
    const std::lock_guard lock(mutex);
    kept[request.path] = {&request, responder.keep()};
  });
  const auto take = [&](const std::string& path) {
    std::pair<const HttpRequest*, std::shared_ptr<Responder>> taken;
    EXPECT_TRUE(eventually([&] {
      const std::lock_guard lock(mutex);
      const auto found = kept.find(path);
      if (found == kept.end()) return false;
      taken = std::move(found->second);
      kept.erase(found);
      return true;
    }));
    return taken;
  };
  const auto ask = [&](const std::string& path) {
    auto client = std::make_unique<RawClient>(server->port());
    EXPECT_TRUE(client->write("GET " + path + " HTTP/1.1\r\nHost: x\r\n\r\n"));
    return client;
  };
  const auto here = ask("/here"), resumed = ask("/resumed"), dropped = ask("/dropped"), broken = ask("/broken");
  {
    const auto [request, responder] = take("/here");
    echo(*request, *responder);
  }
  EXPECT_THAT(here->read_text("GET /here\n"), StartsWith("HTTP/1.1 200 OK\r\n"));
  {
    auto [request, responder] = take("/resumed");
    Responder& one = *responder;
    one.resume([asked = request, owner = std::move(responder)] { echo(*asked, *owner); });
  }
  EXPECT_THAT(resumed->read_text("GET /resumed\n"), StartsWith("HTTP/1.1 200 OK\r\n"));
  take("/dropped");
  EXPECT_THAT(dropped->read_text("internal error\n"), StartsWith("HTTP/1.1 500 "));
  take("/broken").second->resume([] { throw std::runtime_error("a bug"); });
  EXPECT_THAT(broken->read_text("internal error\n"), StartsWith("HTTP/1.1 500 "));
}

TEST(HttpServer, StopWaitsForKeptRequests) {
  std::mutex mutex;
  std::shared_ptr<Responder> kept;
  const auto server = serve([&](const HttpRequest&, Responder& responder) {
    const std::lock_guard lock(mutex);
    kept = responder.keep();
  });
  RawClient client(server->port());
  ASSERT_TRUE(client.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n"));
  std::shared_ptr<Responder> mine;
  ASSERT_TRUE(eventually([&] {
    const std::lock_guard lock(mutex);
    return (mine = std::exchange(kept, nullptr)) != nullptr;
  }));
  std::atomic<bool> stopped = false;
  std::jthread stopper([&] {
    server->stop(0ms);
    stopped = true;
  });
  // Beyond its grace a stop cuts connections, but what handlers may still use stays.
  EXPECT_EQ(client.read_to_end(), "");
  EXPECT_TRUE(eventually([&] {
    std::promise<void> ran;
    auto run = ran.get_future();
    mine->resume([kept_ran = std::make_shared<std::promise<void>>(std::move(ran))] { kept_ran->set_value(); });
    try {
      run.get();
      return false;
    } catch (const std::future_error&) {
      return true;  // dropped: the workers have stopped
    }
  }));
  EXPECT_FALSE(stopped);
  mine.reset();
  stopper.join();
}

TEST(HttpServer, HeaderValuesCannotSplitTheAnswer) {
  const auto server = serve([](const HttpRequest&, Responder& responder) {
    responder.send({.status = 200, .headers = {{"x-name", "a\r\nx-evil: 1"}}, .body = ""});
  });
  EXPECT_THAT(curl(*server, {"-i"}, "/"), HasSubstr("x-name: a  x-evil: 1\r\n"));
}

TEST(HttpServer, StreamsChunks) {
  std::mutex mutex;
  std::shared_ptr<BodyStream> body;
  std::atomic<int> closed = 0;
  const auto server = serve([&](const HttpRequest&, Responder& responder) {
    auto stream = responder.stream({.status = 200, .headers = {{"content-type", "text/plain"}}, .body = "first\n"});
    stream->on_closed([&closed] { ++closed; });
    const std::lock_guard lock(mutex);
    body = stream;
  });
  RawClient client(server->port());
  ASSERT_TRUE(client.write("GET /watch HTTP/1.1\r\nHost: x\r\n\r\n"));
  EXPECT_THAT(client.read_text("first\n"), HasSubstr("Transfer-Encoding: chunked"));
  const auto current = [&] {
    const std::lock_guard lock(mutex);
    return body;
  };
  ASSERT_TRUE(eventually([&] { return current() != nullptr; }));
  EXPECT_TRUE(current()->write("second\n"));
  EXPECT_THAT(client.read_text("second\n"), HasSubstr("7\r\nsecond\n\r\n"));
  current()->finish();
  EXPECT_EQ(client.read_text("0\r\n\r\n"), "0\r\n\r\n");
  EXPECT_TRUE(eventually([&] { return closed == 1; }));
  EXPECT_FALSE(current()->write("late"));
  // The connection goes on.
  ASSERT_TRUE(client.write("GET /again HTTP/1.1\r\nHost: x\r\n\r\n"));
  client.read_text("first\n");
  client.close();
  EXPECT_TRUE(eventually([&] { return closed == 2; }));
  EXPECT_TRUE(eventually([&] { return !current()->write("x"); }));
}

TEST(HttpServer, StreamOfASlowReaderIsCut) {
  std::atomic<bool> refused = false;
  std::atomic<int> closed = 0;
  const auto server = serve(
      [&](const HttpRequest&, Responder& responder) {
        const auto stream = responder.stream({});
        stream->on_closed([&closed] { ++closed; });
        const std::string block(64u << 10, 'w');
        for (int i = 0; i < 2000 && !refused; ++i) {
          if (!stream->write(block)) refused = true;
        }
      },
      {.max_stream_backlog = 1u << 20});
  RawClient client(server->port());
  ASSERT_TRUE(client.write("GET /watch HTTP/1.1\r\nHost: x\r\n\r\n"));
  EXPECT_TRUE(eventually([&] { return refused && closed == 1; }));
}

TEST(HttpServer, AWriterThatWaitsWhileItIsCongestedIsNotCut) {
  constexpr std::size_t kTotal = 20u << 20;
  std::mutex mutex;
  std::condition_variable changed;
  bool refused = false;
  const auto server = serve(
      [&](const HttpRequest&, Responder& responder) {
        const auto stream = responder.stream({});
        stream->on_writable([&] {
          const std::lock_guard lock(mutex);
          changed.notify_all();
        });
        const std::string block(64u << 10, 'w');
        for (std::size_t sent = 0; sent < kTotal; sent += block.size()) {
          std::unique_lock lock(mutex);
          if (!changed.wait_for(lock, 20s, [&] { return !stream->is_congested(); })) refused = true;
          if (!stream->write(block)) refused = true;
        }
        stream->finish();
      },
      {.max_stream_backlog = 1u << 20});
  const auto folder = base::TemporaryFolder::create().value();
  const std::string path = folder.path() / "out";
  curl(*server, {"--limit-rate", "40M", "-o", path}, "/", false);
  EXPECT_FALSE(refused);
  EXPECT_EQ(base::read_file(path).value().size(), kTotal);
}

TEST(HttpServer, StreamBeyondKilobytesArrivesWhole) {
  const std::string block(10'000, 'z');
  const auto server = serve(
      [&](const HttpRequest&, Responder& responder) {
        const auto stream = responder.stream({});
        for (int i = 0; i < 500; ++i) stream->write(block);
        stream->finish();
      },
      {.tls = Certificates::instance().server()});
  const auto folder = base::TemporaryFolder::create().value();
  const std::string path = folder.path() / "out";
  curl(*server, {"-o", path}, "/", true);
  EXPECT_EQ(base::read_file(path).value().size(), 5'000'000u);
}

TEST(HttpServer, StopWaitsForHandlersAndRefusesNewOnes) {
  std::atomic<bool> entered = false;
  std::atomic<bool> release = false;
  auto server = serve([&](const HttpRequest& request, Responder& responder) {
    entered = true;
    while (!release) std::this_thread::sleep_for(1ms);
    echo(request, responder);
  });
  RawClient client(server->port());
  RawClient idle(server->port());
  ASSERT_TRUE(client.write("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n"));
  ASSERT_TRUE(eventually([&] { return entered.load(); }));
  std::jthread stopper([&] { server->stop(10s); });
  idle.read_to_end();
  EXPECT_TRUE(idle.ended());
  release = true;
  EXPECT_THAT(client.read_to_end(), AllOf(HasSubstr("GET /slow"), HasSubstr("Connection: close\r\n")));
  stopper.join();
  server->stop(0s);
  server.reset();
}

TEST(HttpServer, StopAnswersARequestThatIsOnItsWay) {
  auto server = serve(echo);
  RawClient client(server->port());
  RawClient idle(server->port());
  ASSERT_TRUE(client.write("POST /late HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhe"));
  ASSERT_TRUE(idle.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n"));
  idle.read_text("GET /\n");
  std::jthread stopper([&] { server->stop(10s); });
  idle.read_to_end();
  ASSERT_TRUE(idle.ended());
  ASSERT_TRUE(client.write("llo"));
  EXPECT_THAT(client.read_to_end(), AllOf(HasSubstr("POST /late\nhello"), HasSubstr("Connection: close\r\n")));
  client.close();
}

constexpr std::size_t kLargeAnswer = 24u << 20;  // more than sockets hold

std::unique_ptr<HttpServer> serve_large(std::atomic<bool>& answered, HttpServerOptions options = {}) {
  return serve(
      [&answered](const HttpRequest&, Responder& responder) {
        HttpResponse response;
        for (std::size_t size = 0; size < kLargeAnswer; size += 1u << 20)
          response.parts.push_back(std::make_shared<const std::string>(1u << 20, 'p'));
        responder.send(std::move(response));
        answered = true;
      },
      std::move(options));
}

TEST(HttpServer, StopWaitsForASlowReader) {
  std::atomic<bool> answered = false;
  const auto server = serve_large(answered, {.tls = Certificates::instance().server()});
  const auto folder = base::TemporaryFolder::create().value();
  const std::string path = folder.path() / "out";
  std::jthread reader([&] { curl(*server, {"--limit-rate", "10M", "-o", path}, "/list", true); });
  ASSERT_TRUE(eventually([&] { return answered.load(); }));
  const auto start = std::chrono::steady_clock::now();
  server->stop(30s);
  const auto took = std::chrono::steady_clock::now() - start;
  reader.join();
  EXPECT_EQ(base::read_file(path, kLargeAnswer * 2).value().size(), kLargeAnswer);
  EXPECT_GT(took, 200ms);
  EXPECT_LT(took, 25s);
}

TEST(HttpServer, StopDoesNotWaitLongerForOneThatNeverReads) {
  std::atomic<bool> answered = false;
  const auto server = serve_large(answered);
  RawClient client(server->port());
  ASSERT_TRUE(client.write("GET /list HTTP/1.1\r\nHost: x\r\n\r\n"));
  ASSERT_TRUE(eventually([&] { return answered.load(); }));
  const auto start = std::chrono::steady_clock::now();
  server->stop(300ms);
  const auto took = std::chrono::steady_clock::now() - start;
  EXPECT_GE(took, 300ms);
  EXPECT_LT(took, 3s);
  EXPECT_LT(client.read_to_end().size(), kLargeAnswer);
}

TEST(HttpServer, ManyConnectionsAtOnce) {
  const auto server = serve(echo, {.tls = {}, .worker_threads = 4});
  std::vector<std::jthread> threads;
  std::atomic<int> good = 0;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 25; ++i) {
        RawClient client(server->port());
        client.write("GET /m HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        if (client.read_to_end().ends_with("GET /m\n")) ++good;
      }
    });
  }
  threads.clear();
  EXPECT_EQ(good, 200);
}

TEST(HttpServer, ConnectionsBeyondTheLimitWait) {
  const auto server = serve(echo, {.max_connections = 2});
  RawClient one(server->port());
  RawClient two(server->port());
  for (RawClient* client : {&one, &two}) {
    client->write("GET /x HTTP/1.1\r\nHost: x\r\n\r\n");
    client->read_text("GET /x\n");
  }
  RawClient three(server->port());
  three.write("GET /three HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(three.read_to_end(200ms), "");
  one.close();
  EXPECT_THAT(three.read_text("GET /three\n"), StartsWith("HTTP/1.1 200"));
}

}  // namespace
}  // namespace slipway::net
