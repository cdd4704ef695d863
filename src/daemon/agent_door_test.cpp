// The whole orchestrator and the agent's link in one process, over real sockets and mutual TLS.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <thread>

#include "agent/orchestrator_link.h"
#include "api/inventory/inventory.h"
#include "base/files.h"
#include "daemon/certificate_authority.h"
#include "daemon/slipwayd.h"
#include "inventory/join_token.h"
#include "kube/remote_client.h"
#include "meta/conditions.h"
#include "pki/certificate.h"
#include "pki/kubeconfig.h"

namespace slipway::daemon {
namespace {

using namespace std::chrono_literals;
using data::Json;
using meta::ObjectKey;
using ::testing::HasSubstr;

template <typename T>
T must(base::Result<T> result) {
  if (!result) throw std::runtime_error(result.error().message());
  return std::move(*result);
}

bool eventually(std::chrono::milliseconds limit, const std::function<bool()>& condition) {
  const auto until = std::chrono::steady_clock::now() + limit;
  while (std::chrono::steady_clock::now() < until) {
    if (condition()) return true;
    std::this_thread::sleep_for(5ms);
  }
  return condition();
}

class AgentDoorTest : public ::testing::Test {
 protected:
  AgentDoorTest() : folder(must(base::TemporaryFolder::create("door"))), runtime(must(net::ClientRuntime::start())) {
    SlipwaydOptions options{.data_folder = folder.path() / "orchestrator"};
    options.api.port = options.agents.port = options.gateway.port = 0;
    options.look_at_certificates_every = 20ms;
    slipwayd = must(Slipwayd::start(options));
    const std::string kubeconfig = must(base::read_file(slipwayd->kubeconfig_path()));
    client = must(kube::RemoteClient::connect(must(pki::parse_kubeconfig(kubeconfig))));
    host = register_host("edge-1", "SN-1");
    agent_options = options_of_agent("agent");
  }
  ~AgentDoorTest() override { slipwayd->stop(); }

  Json register_host(const std::string& name, const std::string& serial) {
    return *must(client->create(Json::object({{"apiVersion", "inventory.slipway.dev/v1alpha1"},
                                              {"kind", "Host"},
                                              {"metadata", Json::object({{"name", name}, {"namespace", "default"}})},
                                              {"spec", Json::object({{"serialNumber", serial}})}})));
  }
  agent::AgentOptions options_of_agent(const std::string& name) const {
    agent::AgentOptions options;
    options.server = must(agent::parse_server_address(slipwayd->agents_url()));
    options.data_folder = folder.path() / name;
    options.ca_file = folder.path() / "orchestrator/pki/ca.crt";
    options.join_token_file = folder.path() / (name + "-token");
    EXPECT_TRUE(base::make_folders(options.data_folder, 0700));
    return options;
  }
  std::string new_token(std::chrono::seconds lifetime = 1h) { return new_token(host, agent_options, lifetime); }
  std::string new_token(const Json& of, const agent::AgentOptions& options, std::chrono::seconds lifetime = 1h) {
    const auto token =
        inventory::make_join_token(of, lifetime, base::SystemClock::instance(), base::SystemRandom::instance());
    (void)client->remove(kube::kSecret, meta::key_of(token.secret), {});
    must(client->create(token.secret));
    EXPECT_TRUE(base::write_file_atomically(options.join_token_file, token.text, 0600));
    return token.text;
  }
  std::unique_ptr<agent::OrchestratorLink> start_agent() { return start_agent(agent_options, "SN-1"); }
  std::unique_ptr<agent::OrchestratorLink> start_agent(const agent::AgentOptions& options, const std::string& serial) {
    agent::OrchestratorLink::Parts parts;
    parts.runtime = runtime.get();
    parts.machine = {serial, ""};
    parts.report = [serial] {
      agentproto::Hello hello;
      hello.agent_version = "0.1.0";
      hello.serial_number = serial;
      hello.os = {"Slipway Edge", "1.0", "edge-k3s", "1.0.3", "6.18", "amd64"};
      hello.kubernetes = agentproto::KubernetesReport{"k3s", "v1.36.3+k3s1", true, "K3s"};
      return hello;
    };
    parts.on_assignment = [](agentproto::Assignment) {};
    auto link = std::make_unique<agent::OrchestratorLink>(options, std::move(parts));
    link->start();
    return link;
  }
  Json get_host() { return *must(client->get(api::inventory::kHost, {"default", "edge-1"})); }
  bool phase_is(const std::string& phase) {
    return eventually(10s, [&] { return get_host().text({"status", "phase"}) == phase; });
  }
  void authorize(bool value) {
    must(client->patch(api::inventory::kHost, {"default", "edge-1"}, kube::PatchType::kMerge,
                       Json::object({{"spec", Json::object({{"authorized", value}})}}), {}));
  }
  base::Result<agent::Identity> enroll(const std::string& token, const agent::MachineIdentity& machine,
                                       const std::string& key) {
    return agent::enroll(*runtime, agent_options, machine, token, key);
  }

  base::TemporaryFolder folder;
  std::unique_ptr<net::ClientRuntime> runtime;
  std::unique_ptr<Slipwayd> slipwayd;
  std::shared_ptr<kube::RemoteClient> client;
  Json host;
  agent::AgentOptions agent_options;
};

TEST_F(AgentDoorTest, RegisteredHostBecomesProvisionedAndShowsItsConnection) {
  new_token();
  auto link = start_agent();
  ASSERT_TRUE(phase_is("Provisioned")) << link->is_connected();
  const Json seen = get_host();
  EXPECT_EQ(seen.text({"status", "os", "imageVersion"}), "1.0.3");
  EXPECT_EQ(seen.text({"status", "kubernetes", "version"}), "v1.36.3+k3s1");
  EXPECT_TRUE(meta::is_condition_true(seen, "Connected"));
  EXPECT_TRUE(meta::is_condition_true(seen, "Clean"));
  link->stop();
  ASSERT_TRUE(eventually(5s, [&] { return meta::is_condition_false(get_host(), "Connected"); }));
  link = start_agent();
  ASSERT_TRUE(eventually(5s, [&] { return meta::is_condition_true(get_host(), "Connected"); }));
}

TEST_F(AgentDoorTest, RevocationClosesTheDoorAtOnceAndANewTokenOpensIt) {
  new_token();
  auto link = start_agent();
  ASSERT_TRUE(phase_is("Provisioned"));
  const auto begin = std::chrono::steady_clock::now();
  authorize(false);
  ASSERT_TRUE(eventually(2s, [&] { return !link->is_connected(); }));
  RecordProperty("milliseconds_to_revoked",
                 static_cast<int>((std::chrono::steady_clock::now() - begin) / std::chrono::milliseconds(1)));
  ASSERT_TRUE(phase_is("Deauthorized"));
  std::this_thread::sleep_for(500ms);
  EXPECT_FALSE(link->is_connected());
  authorize(true);
  std::this_thread::sleep_for(500ms);
  EXPECT_FALSE(link->is_connected()) << "the old certificate stays revoked";
  new_token();
  ASSERT_TRUE(eventually(40s, [&] { return link->is_connected(); }));
  ASSERT_TRUE(phase_is("Provisioned"));
}

TEST_F(AgentDoorTest, DeletedHostIsCutOff) {
  new_token();
  auto link = start_agent();
  ASSERT_TRUE(phase_is("Provisioned"));
  must(client->remove(api::inventory::kHost, {"default", "edge-1"}, {}));
  ASSERT_TRUE(eventually(2s, [&] { return !link->is_connected(); }));
}

TEST_F(AgentDoorTest, RefusesBadEnrolmentsWithoutSayingWhy) {
  const std::string key = must(pki::generate_key(pki::KeyType::kEcP256));
  const std::string other_key = must(pki::generate_key(pki::KeyType::kEcP256));
  const std::string token = new_token();
  const agent::MachineIdentity machine{"SN-1", ""};
  std::string refusal;
  const auto expect_refused = [&](const base::Result<agent::Identity>& result, const char* what) {
    ASSERT_FALSE(result) << what;
    EXPECT_EQ(result.error().message().find("swj_"), std::string::npos) << what;
    if (refusal.empty()) refusal = result.error().message();
    EXPECT_EQ(result.error().message(), refusal) << what << ": the caller must not learn which part was wrong";
  };
  expect_refused(enroll("swj_" + std::string(32, 'A'), machine, key), "wrong token");
  expect_refused(enroll(token, {"SN-UNKNOWN", ""}, key), "unknown serial number");
  ASSERT_TRUE(enroll(token, machine, key)) << "refused attempts do not use the token up";
  ASSERT_TRUE(enroll(token, machine, key)) << "the same key may repeat the call after a lost answer";
  expect_refused(enroll(token, machine, other_key), "used token");
  const std::string expired = new_token(1s);
  std::this_thread::sleep_for(1100ms);
  expect_refused(enroll(expired, machine, other_key), "expired token");
}

TEST_F(AgentDoorTest, ManyRefusalsFromOneAddressHaveToWait) {
  const std::string key = must(pki::generate_key(pki::KeyType::kEcP256));
  bool limited = false;
  for (int i = 0; i < 40 && !limited; ++i) {
    const auto result = enroll("swj_wrong", {"SN-1", ""}, key);
    ASSERT_FALSE(result);
    limited = result.error().code() == base::ErrorCode::kTooManyRequests;
  }
  EXPECT_TRUE(limited);
}

TEST_F(AgentDoorTest, CertificateOfAnotherHostOpensNothing) {
  net::WebSocketClientOptions options;
  options.host = agent_options.server.host;
  options.port = agent_options.server.port;
  options.path = agentproto::kConnectPath;
  options.tls.ca_pem = must(base::read_file(agent_options.ca_file));
  const auto nobody = runtime->connect_websocket(options, {});
  ASSERT_FALSE(nobody);
  EXPECT_EQ(nobody.error().code(), base::ErrorCode::kUnauthorized);
  // The administrator's certificate comes from the same authority, and is no host's.
  const auto admin = must(pki::parse_kubeconfig(must(base::read_file(slipwayd->kubeconfig_path()))));
  options.tls.certificate_pem = admin.client_certificate_pem;
  options.tls.key_pem = admin.client_key_pem;
  const auto wrong = runtime->connect_websocket(options, {});
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code(), base::ErrorCode::kForbidden);
}

// The authority is replaced under a running slipwayd: nobody is disturbed, whoever was away finds the way back.
TEST_F(AgentDoorTest, TheAuthorityIsReplacedWithoutDisturbingAnybody) {
  const auto data_folder = folder.path() / "orchestrator";
  const auto now = base::SystemClock::instance().now();
  const auto identity = [](const agent::AgentOptions& of) {
    return *must(agent::IdentityStore(of.data_folder).load());
  };
  const auto kubeconfig = [&] {
    return must(pki::parse_kubeconfig(must(base::read_file(slipwayd->kubeconfig_path()))));
  };
  // On a connection of its own.
  const auto works = [](const pki::Kubeconfig& config) {
    const auto own = kube::RemoteClient::connect(config);
    return own && (*own)->get(api::inventory::kHost, {"default", "edge-1"}).has_value();
  };
  new_token();
  auto link = start_agent();
  ASSERT_TRUE(phase_is("Provisioned"));
  const agent::AgentOptions away_options = options_of_agent("away");
  new_token(register_host("edge-2", "SN-2"), away_options);
  auto away = start_agent(away_options, "SN-2");
  ASSERT_TRUE(eventually(10s, [&] { return away->is_connected(); }));
  away->stop();
  const pki::Kubeconfig old_config = kubeconfig();
  const std::string old = old_config.ca_pem;
  EXPECT_EQ(identity(away_options).ca_pem, old);

  const CertificateAuthority announced = must(announce_successor(data_folder, now));
  const std::string young = announced.next->pair.certificate_pem;
  ASSERT_TRUE(eventually(10s, [&] { return identity(agent_options).ca_pem == old + young; }));
  ASSERT_TRUE(eventually(10s, [&] { return kubeconfig().ca_pem == old + young; }));
  EXPECT_TRUE(works(old_config));
  EXPECT_TRUE(works(kubeconfig()));
  const pki::Kubeconfig overlap_config = kubeconfig();

  must(replace_authority(data_folder, now));
  ASSERT_TRUE(eventually(10s, [&] { return pki::is_signed_by(kubeconfig().client_certificate_pem, young); }));
  ASSERT_TRUE(eventually(10s, [&] { return pki::is_signed_by(identity(agent_options).certificate_pem, young); }))
      << "the connected agent has its certificate renewed";
  EXPECT_TRUE(works(old_config)) << "it knows the former authority only";
  EXPECT_TRUE(works(overlap_config));
  EXPECT_TRUE(works(kubeconfig()));
  pki::Kubeconfig only_new = kubeconfig();
  only_new.ca_pem = young;
  EXPECT_TRUE(works(only_new));
  EXPECT_TRUE(link->is_connected());
  for (const std::string& known : {old, young}) {
    agent::AgentOptions pinned = agent_options;
    pinned.ca_file.clear();
    pinned.ca_hash = must(pki::read_certificate(known)).sha256_fingerprint;
    const auto refused =
        agent::enroll(*runtime, pinned, {"SN-3", ""}, "swj_wrong", must(pki::generate_key(pki::KeyType::kEcP256)));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), base::ErrorCode::kForbidden) << refused.error().message();
  }
  // The one that was away knows the former authority only, too.
  EXPECT_EQ(identity(away_options).ca_pem, old);
  away = start_agent(away_options, "SN-2");
  ASSERT_TRUE(eventually(10s, [&] { return identity(away_options).ca_pem == young + old; }));
  ASSERT_TRUE(eventually(10s, [&] { return pki::is_signed_by(identity(away_options).certificate_pem, young); }));
  EXPECT_TRUE(link->is_connected());

  must(forget_former_authority(data_folder, now));
  ASSERT_TRUE(eventually(10s, [&] { return kubeconfig().ca_pem == young; }));
  ASSERT_TRUE(eventually(10s, [&] { return identity(away_options).ca_pem == young; }));
  EXPECT_FALSE(works(old_config));
  EXPECT_TRUE(works(kubeconfig()));
  link->stop();
  link = start_agent();
  EXPECT_TRUE(eventually(10s, [&] { return link->is_connected(); }));
  EXPECT_TRUE(client->get(api::inventory::kHost, {"default", "edge-2"})) << "a client that was there all the time";
}

}  // namespace
}  // namespace slipway::daemon
