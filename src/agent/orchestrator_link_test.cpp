#include "agent/orchestrator_link.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <thread>

#include "base/files.h"
#include "net/http_server.h"
#include "pki/certificate.h"

namespace slipway::agent {
namespace {

using namespace std::chrono_literals;
using agentproto::Assignment;
using agentproto::Hello;
using ::testing::HasSubstr;

template <typename T>
T must(base::Result<T> result) {
  if (!result) throw std::runtime_error(result.error().message());
  return std::move(*result);
}

bool eventually(const std::function<bool()>& condition) {
  for (int i = 0; i < 2000; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(5ms);
  }
  return false;
}

// The orchestrator's end, as simple as can be: enrols whoever has the token, remembers what it is told.
class FakeOrchestrator {
 public:
  FakeOrchestrator() {
    const base::WallTime now = base::SystemClock::instance().now();
    ca = must(pki::create_ca({"test-ca", {}}, pki::KeyType::kEcP256, 24h, now));
    pki::CertificateRequest request;
    request.subject = {"slipwayd", {}};
    request.ip_addresses = {"127.0.0.1"};
    const auto serving = must(pki::issue(ca, request, pki::KeyType::kEcP256, now));
    net::HttpServerOptions options;
    options.tls = {serving.certificate_pem + ca.certificate_pem, serving.key_pem, ca.certificate_pem, false};
    server = must(net::HttpServer::start(
        options, [this](const net::HttpRequest& request_, net::Responder& responder) { handle(request_, responder); }));
  }
  ~FakeOrchestrator() { server->stop(1s); }

  void handle(const net::HttpRequest& request, net::Responder& responder) {
    if (request.path == agentproto::kEnrollPath) return enroll(request, responder);
    if (!request.has_certificate || refuse_connections)
      return responder.send({.status = 403, .headers = {}, .body = "the certificate is revoked\n"});
    auto mux = net::TunnelMultiplexer::create({});
    net::WebSocketHandler handler;
    handler.on_text = [this](std::string text) {
      const std::scoped_lock lock(mutex);
      received.push_back(must(agentproto::parse_agent_message(text)));
    };
    handler.on_binary = [mux](std::string bytes) { mux->receive(bytes); };
    handler.on_closed = [mux](std::string reason) { mux->shutdown(reason); };
    auto accepted = responder.accept_websocket(std::move(handler));
    mux->attach(accepted);
    const std::scoped_lock lock(mutex);
    socket = std::move(accepted);
    tunnel = std::move(mux);
    ++connections;
  }

  void enroll(const net::HttpRequest& request, net::Responder& responder) {
    ++enrolments;
    const auto body = must(agentproto::parse_enroll_request(request.body));
    if (body.token != token) return responder.send({.status = 401, .headers = {}, .body = "enrolment refused\n"});
    responder.send({.status = 200,
                    .headers = {},
                    .body = agentproto::encode(agentproto::EnrollResponse{
                        "edge-1", "default", sign(body.csr_pem, lifetime), ca.certificate_pem})});
  }

  std::string sign(const std::string& csr, std::chrono::seconds life) const {
    pki::CertificateRequest wanted;
    wanted.subject = {"host:default:edge-1", {"slipway:hosts"}};
    wanted.usage = pki::Usage::kClient;
    wanted.lifetime = life;
    return must(pki::sign_csr(ca, csr, wanted, base::SystemClock::instance().now()));
  }

  template <typename T>
  std::optional<T> last() {
    const std::scoped_lock lock(mutex);
    for (auto it = received.rbegin(); it != received.rend(); ++it)
      if (const T* found = std::get_if<T>(&*it)) return *found;
    return std::nullopt;
  }
  void send(const agentproto::ServerMessage& message) {
    const std::scoped_lock lock(mutex);
    socket->send_text(agentproto::encode(message));
  }
  void drop() {
    const std::scoped_lock lock(mutex);
    socket->close("test");
  }

  pki::KeyAndCertificate ca;
  std::string token = "swj_right";
  std::chrono::seconds lifetime = 24h;
  std::atomic<bool> refuse_connections = false;
  std::atomic<int> enrolments = 0, connections = 0;
  std::mutex mutex;
  std::vector<agentproto::AgentMessage> received;
  std::shared_ptr<net::WebSocket> socket;
  std::shared_ptr<net::TunnelMultiplexer> tunnel;
  std::unique_ptr<net::HttpServer> server;
};

class LinkTest : public ::testing::Test {
 protected:
  LinkTest() : folder(must(base::TemporaryFolder::create("link"))), runtime(must(net::ClientRuntime::start())) {
    write("ca.crt", orchestrator.ca.certificate_pem);
    write("token", orchestrator.token + "\n");
    options.server = {"127.0.0.1", orchestrator.server->port()};
    options.data_folder = folder.path() / "data";
    options.ca_file = folder.path() / "ca.crt";
    options.join_token_file = folder.path() / "token";
    EXPECT_TRUE(base::make_folders(options.data_folder, 0700));
  }
  void write(const char* name, const std::string& text) {
    EXPECT_TRUE(base::write_file_atomically(folder.path() / name, text, 0600));
  }
  std::unique_ptr<OrchestratorLink> start() {
    OrchestratorLink::Parts parts;
    parts.runtime = runtime.get();
    parts.machine = {"SN-1", ""};
    parts.report = [this] {
      Hello hello;
      const std::scoped_lock lock(mutex);
      hello.serial_number = "SN-1";
      hello.os.name = os_name;
      return hello;
    };
    parts.on_assignment = [this](Assignment assignment) {
      const std::scoped_lock lock(mutex);
      assignments.push_back(std::move(assignment));
    };
    parts.kubernetes_port = kubernetes_port;
    auto link = std::make_unique<OrchestratorLink>(options, std::move(parts));
    link->start();
    return link;
  }
  bool reported(OrchestratorLink& link) {
    return eventually([&] { return link.is_connected() && orchestrator.last<Hello>().has_value(); });
  }

  FakeOrchestrator orchestrator;
  base::TemporaryFolder folder;
  std::unique_ptr<net::ClientRuntime> runtime;
  AgentOptions options;
  std::mutex mutex;
  std::string os_name = "Slipway Edge";
  std::vector<Assignment> assignments;
  std::uint16_t kubernetes_port = 6443;
};

TEST_F(LinkTest, EnrolsOnceReportsAndTakesAssignments) {
  {
    auto link = start();
    ASSERT_TRUE(reported(*link));
    EXPECT_EQ(orchestrator.last<Hello>()->serial_number, "SN-1");
    orchestrator.send(Assignment{"uid-1", agentproto::Action::kReset});
    ASSERT_TRUE(eventually([&] {
      const std::scoped_lock lock(mutex);
      return assignments.size() == 1;
    }));
    EXPECT_EQ(assignments[0].id, "uid-1");
    link->send_progress({.id = "uid-1", .phase = agentproto::WorkPhase::kResetting, .step = "unmount"});
    ASSERT_TRUE(eventually([&] { return orchestrator.last<agentproto::Progress>().has_value(); }));
    EXPECT_EQ(orchestrator.last<agentproto::Progress>()->work.step, "unmount");
  }
  auto again = start();
  ASSERT_TRUE(eventually([&] { return orchestrator.connections == 2; }));
  EXPECT_EQ(orchestrator.enrolments, 1) << "the identity is kept";
  struct stat info{};
  ASSERT_EQ(::stat((options.data_folder / "key.pem").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777u, 0600u);
}

TEST_F(LinkTest, ComesBackAfterABrokenConnection) {
  auto link = start();
  ASSERT_TRUE(reported(*link));
  orchestrator.drop();
  ASSERT_TRUE(eventually([&] { return orchestrator.connections >= 2; }));
  ASSERT_TRUE(eventually([&] { return link->is_connected(); }));
}

TEST_F(LinkTest, ReportsAgainOnlyWhatChanged) {
  auto link = start();
  ASSERT_TRUE(reported(*link));
  link->report_again();
  {
    const std::scoped_lock lock(mutex);
    os_name = "Slipway Edge, another image";
  }
  link->report_again();
  ASSERT_TRUE(eventually([&] { return orchestrator.last<Hello>()->os.name == "Slipway Edge, another image"; }));
  const std::scoped_lock lock(orchestrator.mutex);
  EXPECT_LE(orchestrator.received.size(), 2u);
}

TEST_F(LinkTest, WrongTokenIsTriedAgainWithTheNewestContentOfItsFile) {
  write("token", "swj_wrong");
  auto link = start();
  ASSERT_TRUE(eventually([&] { return orchestrator.enrolments >= 1; }));
  EXPECT_FALSE(link->is_connected());
  write("token", orchestrator.token);
  ASSERT_TRUE(reported(*link));
}

TEST_F(LinkTest, RevokedHostComesBackWithANewTokenAndANewKey) {
  auto link = start();
  ASSERT_TRUE(reported(*link));
  const std::string first_key = base::read_file(options.data_folder / "key.pem").value();
  orchestrator.refuse_connections = true;
  orchestrator.drop();
  std::this_thread::sleep_for(700ms);
  EXPECT_EQ(orchestrator.enrolments, 1) << "the used token is not tried again";
  orchestrator.token = "swj_second";
  write("token", orchestrator.token);
  ASSERT_TRUE(eventually([&] { return orchestrator.enrolments >= 2; }));
  orchestrator.refuse_connections = false;
  ASSERT_TRUE(eventually([&] { return link->is_connected(); }));
  EXPECT_NE(base::read_file(options.data_folder / "key.pem").value(), first_key);
}

TEST_F(LinkTest, TrustsTheAuthorityWithTheGivenHash) {
  options.ca_file.clear();
  options.ca_hash = pki::read_certificate(orchestrator.ca.certificate_pem)->sha256_fingerprint;
  auto link = start();
  ASSERT_TRUE(reported(*link));
}

TEST_F(LinkTest, TokenNeverGoesToAnotherOrchestrator) {
  const auto other =
      must(pki::create_ca({"other", {}}, pki::KeyType::kEcP256, 24h, base::SystemClock::instance().now()));
  options.ca_file.clear();
  options.ca_hash = pki::read_certificate(other.certificate_pem)->sha256_fingerprint;
  const auto by_hash =
      enroll(*runtime, options, {"SN-1", ""}, "swj_right", must(pki::generate_key(pki::KeyType::kEcP256)));
  ASSERT_FALSE(by_hash);
  write("ca.crt", other.certificate_pem);
  options.ca_hash.clear();
  options.ca_file = folder.path() / "ca.crt";
  const auto by_file =
      enroll(*runtime, options, {"SN-1", ""}, "swj_right", must(pki::generate_key(pki::KeyType::kEcP256)));
  ASSERT_FALSE(by_file);
  EXPECT_THAT(by_file.error().message(), HasSubstr("not trusted"));
  options.ca_file.clear();
  const auto without =
      enroll(*runtime, options, {"SN-1", ""}, "swj_right", must(pki::generate_key(pki::KeyType::kEcP256)));
  ASSERT_FALSE(without);
  EXPECT_THAT(without.error().message(), HasSubstr("give --ca-file or --ca-hash"));
  EXPECT_EQ(orchestrator.enrolments, 0);
}

TEST_F(LinkTest, RenewsACertificateThatEndsSoon) {
  // Signed with a start 5 minutes in the past, so 100 s of life are in their last third at once.
  orchestrator.lifetime = 100s;
  auto link = start();
  ASSERT_TRUE(eventually([&] { return orchestrator.last<agentproto::Renew>().has_value(); }));
  const std::string renewed = orchestrator.sign(orchestrator.last<agentproto::Renew>()->csr_pem, 24h);
  orchestrator.send(agentproto::Certificate{renewed, ""});
  const IdentityStore store(options.data_folder);
  ASSERT_TRUE(eventually([&] { return must(store.load())->certificate_pem == renewed; }));
}

TEST_F(LinkTest, TrustsWhomTheOrchestratorNamesAndHasItsCertificateRenewed) {
  auto link = start();
  ASSERT_TRUE(eventually([&] { return orchestrator.connections > 0; }));
  const IdentityStore store(options.data_folder);
  const auto trusts = [&](const std::string& ca_pem) {
    return eventually([&] { return must(store.load())->ca_pem == ca_pem; });
  };
  const std::string old = orchestrator.ca.certificate_pem;
  const auto young =
      must(pki::create_ca({"test-ca", {}}, pki::KeyType::kEcP256, 24h, base::SystemClock::instance().now()));
  orchestrator.send(agentproto::Trust{"no certificate"});
  orchestrator.send(agentproto::Trust{old + young.certificate_pem});
  ASSERT_TRUE(trusts(old + young.certificate_pem));
  EXPECT_FALSE(orchestrator.last<agentproto::Renew>()) << "the first one signed its certificate";
  orchestrator.send(agentproto::Trust{young.certificate_pem + old});
  ASSERT_TRUE(trusts(young.certificate_pem + old));
  ASSERT_TRUE(eventually([&] { return orchestrator.last<agentproto::Renew>().has_value(); }));
  EXPECT_EQ(orchestrator.connections, 1);
}

TEST_F(LinkTest, TunnelLeadsToTheKubernetesApiAndNowhereElse) {
  auto listener = must(net::TcpListener::start({}, [](std::shared_ptr<net::TcpConnection> connection) {
    return net::ClientRuntime::TcpHandler{
        .on_data = [connection](std::string bytes) { connection->send("echo " + bytes); },
        .on_closed = [](std::string) {}};
  }));
  kubernetes_port = listener->port();
  auto link = start();
  ASSERT_TRUE(reported(*link));
  std::mutex answers;
  std::string echoed, refused;
  const auto read = [&](std::string& text) {
    const std::scoped_lock lock(answers);
    return text;
  };
  auto stream = must(orchestrator.tunnel->open(agentproto::kKubernetesApiTarget));
  stream->start({.on_data =
                     [&](std::string bytes) {
                       const std::scoped_lock lock(answers);
                       echoed += bytes;
                     },
                 .on_writable = [] {},
                 .on_closed = [](std::string) {}});
  stream->send("hello");
  EXPECT_TRUE(eventually([&] { return read(echoed) == "echo hello"; }));
  auto other = must(orchestrator.tunnel->open("127.0.0.1:22"));
  other->start({.on_data = [](std::string) {},
                .on_writable = [] {},
                .on_closed =
                    [&](std::string reason) {
                      const std::scoped_lock lock(answers);
                      refused = reason;
                    }});
  EXPECT_TRUE(eventually([&] { return read(refused) == "this target is not allowed"; }));
  stream->close("done");
  link->stop();
  listener->stop();
}

TEST_F(LinkTest, MalformedAssignmentIsNotAnAssignment) {
  auto link = start();
  ASSERT_TRUE(reported(*link));
  {
    const std::scoped_lock lock(orchestrator.mutex);
    orchestrator.socket->send_text(R"({"type":"assignment","assignment":{"action":"explode"}})");
    orchestrator.socket->send_text(R"({"type":"from a later version"})");
  }
  orchestrator.send(Assignment{"uid-2", agentproto::Action::kReset});
  ASSERT_TRUE(eventually([&] {
    const std::scoped_lock lock(mutex);
    return !assignments.empty();
  }));
  EXPECT_EQ(assignments[0].id, "uid-2");
  EXPECT_EQ(orchestrator.connections, 1);
}

TEST(Backoff, GrowsToItsLimitWithJitterAndStartsAgain) {
  Backoff backoff(base::SystemRandom::instance());
  std::chrono::milliseconds expected(200);
  for (int i = 0; i < 20; ++i) {
    const auto pause = backoff.next();
    EXPECT_LE(pause, expected);
    EXPECT_GE(pause, expected / 2 - 1ms);
    expected = std::min(expected * 2, std::chrono::milliseconds(30'000));
  }
  backoff.reset();
  EXPECT_LE(backoff.next(), 200ms);
}

}  // namespace
}  // namespace slipway::agent
