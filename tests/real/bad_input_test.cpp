// Wrong input to real processes: the object or the command says what is wrong and what to do, and it heals when mended.

#include <arpa/inet.h>
#include <fstream>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/unique_fd.h"
#include "data/json_text.h"
#include "meta/conditions.h"
#include "real/harness.h"

namespace slipway::real {
namespace {

using data::Json;

constexpr const char* kHosts = "hosts.inventory.slipway.dev";

class BadInput : public testing::Test {
 protected:
  void SetUp() override {
    if (const auto missing = missing_parts()) GTEST_SKIP() << *missing;
    folder_ = std::make_unique<base::TemporaryFolder>(*base::TemporaryFolder::create("slipway-bad"));
    auto orchestrator = Orchestrator::start(folder_->path());
    ASSERT_TRUE(orchestrator) << orchestrator.error().message();
    orchestrator_ = std::move(*orchestrator);
  }

  void host_up(const std::string& name, const std::string& serial) {
    auto host = EdgeHost::up(folder_->path(), *orchestrator_, {.name = name, .serial = serial, .uuid = ""});
    ASSERT_TRUE(host) << host.error().message();
    host_ = std::move(*host);
  }

  std::string phase(const std::string& name) { return orchestrator_->get(kHosts, name).text({"status", "phase"}); }

  // `slipway ARGS` must fail with this exit code and say this.
  void expect_refused(std::vector<std::string> args, int exit_code, const std::string& text) {
    const auto result = orchestrator_->slipway(args);
    ASSERT_TRUE(result);
    EXPECT_EQ(result->exit_code, exit_code) << result->standard_error;
    EXPECT_NE(result->standard_error.find(text), std::string::npos) << result->standard_error;
  }

  std::string register_host(const std::string& name, std::vector<std::string> extra) {
    std::vector<std::string> args{"-o", "json", "host", "register", name};
    args.insert(args.end(), extra.begin(), extra.end());
    const auto result = orchestrator_->slipway(args);
    EXPECT_EQ(result->exit_code, 0) << result->standard_error;
    return data::parse_json(result->standard_output).value_or(Json()).text({"joinToken"});
  }

  std::unique_ptr<base::TemporaryFolder> folder_;
  std::unique_ptr<Orchestrator> orchestrator_;
  std::unique_ptr<EdgeHost> host_;
};

TEST_F(BadInput, JoinTokensThatDoNotOpenTheDoor) {
  host_up("edge-b", "BAD-1");
  // Unknown serial: nothing is registered yet.
  ASSERT_TRUE(host_->start_agent("swj_" + std::string(32, 'a')));
  EXPECT_TRUE(eventually(milliseconds(15'000), [&] { return host_->agent_log().find("refused") != std::string::npos; }))
      << host_->agent_log();
  host_->kill_agent();

  // Wrong token.
  const std::string good = register_host("edge-b", {"--serial", "BAD-1"});
  ASSERT_FALSE(good.empty());
  std::string wrong = good;
  wrong.back() = wrong.back() == 'a' ? 'b' : 'a';
  ASSERT_TRUE(host_->start_agent(wrong));
  EXPECT_FALSE(eventually(
      milliseconds(3'000), [&] { return phase("edge-b") != "Registered"; }, milliseconds(200)))
      << phase("edge-b");
  host_->kill_agent();
  EXPECT_EQ(host_->agent_log().find(wrong), std::string::npos) << "a token must not be logged";

  // Expired token.
  const auto short_lived = orchestrator_->slipway({"-o", "json", "host", "token", "edge-b", "--token-lifetime", "1s"});
  const std::string expired = data::parse_json(short_lived->standard_output)->text({"joinToken"});
  eventually(milliseconds(1'500), [] { return false; });  // the token's own second must pass
  ASSERT_TRUE(host_->start_agent(expired));
  EXPECT_FALSE(eventually(milliseconds(3'000), [&] { return phase("edge-b") != "Registered"; }, milliseconds(200)));
  host_->kill_agent();
  const auto described = orchestrator_->slipway({"host", "describe", "edge-b"});
  EXPECT_NE(described->standard_output.find("expired"), std::string::npos) << described->standard_output;

  // It heals with a new token; the old one stays shut (used).
  const auto fresh = orchestrator_->slipway({"-o", "json", "host", "token", "edge-b"});
  const std::string token = data::parse_json(fresh->standard_output)->text({"joinToken"});
  ASSERT_TRUE(host_->start_agent(token));
  EXPECT_TRUE(eventually(
      milliseconds(15'000), [&] { return phase("edge-b") == "Provisioned"; }, milliseconds(200)))
      << host_->agent_log();

  // Used token: another key (a wiped agent) with the same token.
  host_->kill_agent();
  (void)host_->exec({"rm", "-rf", "/var/lib/slipway-agent"});
  ASSERT_TRUE(host_->start_agent(token));
  EXPECT_TRUE(eventually(
      milliseconds(15'000),
      [&] {
        return orchestrator_->slipway({"host", "describe", "edge-b"})->standard_output.find("used already") !=
               std::string::npos;
      },
      milliseconds(300)))
      << host_->agent_log();
}

TEST_F(BadInput, RefusedRegistrationsAndClusters) {
  expect_refused({"host", "register", "edge-x"}, 1, "--serial");
  register_host("edge-1", {"--uuid", "6F1B2C3D-0000-4000-8000-0000000000AA", "--serial", "A-1"});
  expect_refused({"host", "register", "edge-2", "--uuid", "6f1b2c3d-0000-4000-8000-0000000000aa"}, 1,
                 "Duplicate value");
  expect_refused({"host", "register", "edge-2", "--serial", "A-1"}, 1, "host 'edge-1'");
  expect_refused({"host", "register", "edge-1", "--serial", "A-2"}, 4, "already exists");
  expect_refused({"host", "register", "Edge_1", "--serial", "A-3"}, 1, "Edge_1");
  expect_refused({"host", "register", "edge-3", "--uuid", "not-a-uuid"}, 1, "spec.uuid");
  expect_refused({"host", "describe", "nobody"}, 3, "nobody");
  expect_refused({"cluster", "create", "c", "--host", "edge-1"}, 4, "not Provisioned");
  expect_refused({"cluster", "create", "c", "--host", "nobody"}, 3, "not registered");
  expect_refused({"cluster", "create", "c", "--host", "edge-1", "--template", "nothing"}, 3, "baseline-k3s");
  expect_refused({"cluster", "kubeconfig", "nothing"}, 3, "nothing");
  expect_refused({"cluster", "frobnicate"}, 2, "frobnicate");

  const auto invalid = orchestrator_->kubectl({"apply", "-f", "-"}, R"(
apiVersion: cluster.x-k8s.io/v1beta2
kind: Cluster
metadata: {name: broken, namespace: default}
spec:
  topology: {classRef: {name: baseline-k3s-v0.1.0}, version: newest, controlPlane: {replicas: 1}}
)");
  EXPECT_NE(invalid->exit_code, 0);
  EXPECT_NE(invalid->standard_error.find("spec.topology.version"), std::string::npos) << invalid->standard_error;
}

TEST_F(BadInput, ATemplateForAnotherMinorAndAHostWithoutK3s) {
  host_up("edge-m", "MINOR-1");
  const auto joined = onboard(*orchestrator_, *host_);
  ASSERT_TRUE(joined) << joined.error().message();
  const auto applied = orchestrator_->kubectl({"apply", "-f", "-"}, R"(
apiVersion: edge-orchestrator.intel.com/v1alpha1
kind: ClusterTemplate
metadata: {name: old-minor, namespace: default}
spec: {kubernetesVersion: v1.30.1+k3s1, infraProviderType: intel}
)");
  ASSERT_EQ(applied->exit_code, 0) << applied->standard_error;
  expect_refused({"cluster", "create", "c", "--host", "edge-m", "--template", "old-minor"}, 1, "v1.36");

  // The binary disappears after the host reported it: the bootstrap fails, says so, and heals when it is back.
  ASSERT_EQ(host_->exec({"mv", "/usr/local/bin/k3s", "/usr/local/bin/k3s.away"})->exit_code, 0);
  ASSERT_EQ(orchestrator_->slipway({"cluster", "create", "c", "--host", "edge-m", "--no-wait"})->exit_code, 0);
  EXPECT_TRUE(eventually(
      milliseconds(30'000),
      [&] {
        return orchestrator_->slipway({"cluster", "describe", "c"})->standard_output.find("k3s") != std::string::npos &&
               orchestrator_->get(kHosts, "edge-m").text({"status", "assignment", "phase"}) == "Failed";
      },
      milliseconds(300)))
      << data::to_json(orchestrator_->get(kHosts, "edge-m")["status"], 2);
  ASSERT_EQ(host_->exec({"mv", "/usr/local/bin/k3s.away", "/usr/local/bin/k3s"})->exit_code, 0);
  ASSERT_EQ(orchestrator_->slipway({"cluster", "delete", "c", "--yes"})->exit_code, 0);
  const auto again = orchestrator_->slipway({"cluster", "create", "c2", "--host", "edge-m", "--timeout", "90s"});
  EXPECT_EQ(again->exit_code, 0) << again->standard_output << again->standard_error << host_->agent_log();
}

// Commands of a template that fail, flood their output or never end: the host says which and why, and a delete heals
// it.
TEST_F(BadInput, BootstrapCommandsThatFailFloodOrHang) {
  host_up("edge-c", "COMMAND-1");
  const auto joined = onboard(*orchestrator_, *host_);
  ASSERT_TRUE(joined) << joined.error().message();
  struct Row {
    std::string name, command, phase, message;
  };
  for (const Row& row : {Row{"fails", "echo the disk is broken; exit 3", "Failed", "the disk is broken"},
                         Row{"floods", "head -c 30000000 /dev/zero | tr '\\\\0' x; exit 1", "Failed", "xxxx"},
                         Row{"hangs", "sleep 100000", "Running", ""}}) {
    SCOPED_TRACE(row.name);
    const auto applied = orchestrator_->kubectl({"apply", "-f", "-"}, R"(
apiVersion: edge-orchestrator.intel.com/v1alpha1
kind: ClusterTemplate
metadata: {name: )" + row.name + R"(, namespace: default}
spec:
  kubernetesVersion: v1.36.0+k3s1
  infraProviderType: intel
  clusterConfiguration: |
    {"spec": {"template": {"spec": {"kthreesConfigSpec": {"preK3sCommands": [")" +
                                                                          row.command + R"("]}}}}}
)");
    ASSERT_EQ(applied->exit_code, 0) << applied->standard_error;
    ASSERT_TRUE(eventually(milliseconds(10'000), [&] {
      return orchestrator_->get("clustertemplates", row.name).get({"status", "ready"}).bool_or(false);
    }));
    const auto created = orchestrator_->slipway(
        {"cluster", "create", row.name, "--host", "edge-c", "--template", row.name, "--no-wait"});
    ASSERT_EQ(created->exit_code, 0) << created->standard_error;
    Json assignment;
    EXPECT_TRUE(eventually(
        milliseconds(30'000),
        [&] {
          assignment = orchestrator_->get(kHosts, "edge-c").get({"status", "assignment"});
          return assignment.text({"phase"}) == row.phase &&
                 assignment.text({"step"}).find("command") != std::string::npos;
        },
        milliseconds(200)))
        << data::to_json(assignment) << host_->agent_log();
    EXPECT_NE(assignment.text({"message"}).find(row.message), std::string::npos) << data::to_json(assignment);
    EXPECT_LE(assignment.text({"message"}).size(), 8192u);
    const auto deleted = orchestrator_->slipway({"cluster", "delete", row.name, "--yes", "--timeout", "40s"});
    EXPECT_EQ(deleted->exit_code, 0) << deleted->standard_output << deleted->standard_error;
    EXPECT_TRUE(eventually(
        milliseconds(30'000), [&] { return meta::is_condition_true(orchestrator_->get(kHosts, "edge-c"), "Clean"); },
        milliseconds(200)));
  }
}

TEST_F(BadInput, GarbageOnEveryPort) {
  const auto send_garbage = [](int port, const std::string& bytes) {
    base::UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return false;
    (void)::send(fd.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    ::shutdown(fd.get(), SHUT_WR);
    char answer[256];
    while (::recv(fd.get(), answer, sizeof answer, 0) > 0) {
    }
    return true;
  };
  const std::vector<std::string> kinds{"GET / HTTP/1.1\r\n\r\n",
                                       std::string(100'000, '\xff'),
                                       std::string("\x16\x03\x01\x40\x00\x01", 6),
                                       std::string("\0\0\0\0", 4),
                                       "SSH-2.0-x\r\n",
                                       ""};
  for (int round = 0; round < 50; ++round)
    for (const int port : {orchestrator_->api_port(), orchestrator_->agent_port(), orchestrator_->gateway_port()})
      ASSERT_TRUE(send_garbage(port, kinds[static_cast<std::size_t>(round) % kinds.size()]));
  EXPECT_TRUE(orchestrator_->process().running()) << orchestrator_->process().output();
  EXPECT_EQ(orchestrator_->slipway({"host", "list"})->exit_code, 0);
}

TEST_F(BadInput, AFullDiskIsAnErrorAndHeals) {
  const auto mount = folder_->path() / "small";
  ASSERT_TRUE(base::make_folders(mount));
  ASSERT_EQ(::mount("tmpfs", mount.c_str(), "tmpfs", 0, "size=24m"), 0);
  struct Unmount {
    std::filesystem::path path;
    ~Unmount() { ::umount2(path.c_str(), MNT_DETACH); }
  } unmount{mount};
  auto started = Orchestrator::start(mount);
  ASSERT_TRUE(started) << started.error().message();
  Orchestrator& full = **started;
  {
    std::ofstream filler(mount / "filler", std::ios::binary);
    const std::string block(1 << 20, 'x');
    while (filler.write(block.data(), static_cast<std::streamsize>(block.size())).flush()) {
    }
  }
  std::string said;
  bool refused = false;
  for (int i = 0; i < 200 && !refused; ++i) {
    const auto created = full.kubectl(
        {"create", "configmap", "filler-" + std::to_string(i), "--from-literal=a=" + std::string(100'000, 'x')});
    refused = created->exit_code != 0;
    said = created->standard_error;
  }
  ASSERT_TRUE(refused) << "the disk never filled up";
  EXPECT_NE(said.find("space"), std::string::npos) << said;
  EXPECT_EQ(full.slipway({"host", "list"})->exit_code, 0) << "reads go on";
  std::filesystem::remove(mount / "filler");
  EXPECT_TRUE(eventually(
      milliseconds(10'000), [&] { return full.kubectl({"create", "configmap", "healed"})->exit_code == 0; },
      milliseconds(300)))
      << full.process().output();
  started->reset();
}

}  // namespace
}  // namespace slipway::real
