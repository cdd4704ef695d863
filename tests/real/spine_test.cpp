// The main job on real processes: a registered host becomes a Ready cluster, runs a pod without any registry, is
// cleaned, becomes a cluster again, and is refused once it is deauthorized.

#include <gtest/gtest.h>

#include "data/encoding.h"
#include "data/json_text.h"
#include "meta/conditions.h"
#include "real/harness.h"

namespace slipway::real {
namespace {

using data::Json;

constexpr const char* kHosts = "hosts.inventory.slipway.dev";

class Spine : public testing::Test {
 protected:
  void SetUp() override {
    if (const auto missing = missing_parts()) GTEST_SKIP() << *missing;
    folder_ = std::make_unique<base::TemporaryFolder>(*base::TemporaryFolder::create("slipway-spine"));
    auto orchestrator = Orchestrator::start(folder_->path());
    ASSERT_TRUE(orchestrator) << orchestrator.error().message();
    orchestrator_ = std::move(*orchestrator);
    auto host = EdgeHost::up(folder_->path(), *orchestrator_,
                             {.name = "edge-1", .serial = "SPINE-1", .uuid = "6f1b2c3d-0000-4000-8000-000000000001"});
    ASSERT_TRUE(host) << host.error().message();
    host_ = std::move(*host);
    fmt_kubernetes_ = kubernetes_under_test();
    RecordProperty("kubernetes", fmt_kubernetes_);
  }

  void create_cluster(const std::string& name) {
    const auto created = orchestrator_->slipway({"cluster", "create", name, "--host", "edge-1", "--timeout", "90s"});
    ASSERT_TRUE(created);
    ASSERT_EQ(created->exit_code, 0) << created->standard_output << created->standard_error << host_->agent_log();
    const auto config = orchestrator_->slipway({"cluster", "kubeconfig", name, "-f", kubeconfig().string()});
    ASSERT_EQ(config->exit_code, 0) << config->standard_error;
    const auto nodes = workload({"get", "nodes", "-o", "json"});
    ASSERT_EQ(nodes->exit_code, 0) << nodes->standard_error;
    const Json list = *data::parse_json(nodes->standard_output);
    ASSERT_EQ(list["items"].size(), 1u);
    EXPECT_TRUE(meta::is_condition_true(list["items"].items()[0], "Ready"));
  }

  // kubectl against the cluster, through gateway and tunnel: the host has no other way in.
  base::Result<base::ProcessResult> workload(std::vector<std::string> args, const std::string& input = "") {
    args.insert(args.begin(),
                {(source_folder() / "build/real/bin/kubectl").string(), "--kubeconfig", kubeconfig().string()});
    return base::run_process({.argv = args, .input = input, .timeout = milliseconds(60'000)});
  }

  std::filesystem::path kubeconfig() const { return folder_->path() / "site.kubeconfig"; }

  std::unique_ptr<base::TemporaryFolder> folder_;
  std::unique_ptr<Orchestrator> orchestrator_;
  std::unique_ptr<EdgeHost> host_;
  std::string fmt_kubernetes_;
};

constexpr const char* kPod = R"(
apiVersion: v1
kind: Pod
metadata: {name: air-gapped}
spec:
  containers:
  - {name: main, image: "local.test/busybox:1", imagePullPolicy: Never, command: [/bin/sh, -c, "sleep 100000"]}
)";

TEST_F(Spine, CreateRunDeleteAndAgain) {
  const auto joined = onboard(*orchestrator_, *host_);
  ASSERT_TRUE(joined) << joined.error().message();
  const auto before = host_->snapshot();
  ASSERT_TRUE(before) << before.error().message();

  ASSERT_NO_FATAL_FAILURE(create_cluster("site-1"));
  const auto applied = workload({"apply", "-f", "-"}, kPod);
  ASSERT_EQ(applied->exit_code, 0) << applied->standard_error;
  const auto running = workload({"wait", "pod/air-gapped", "--for=jsonpath={.status.phase}=Running", "--timeout=60s"});
  EXPECT_EQ(running->exit_code, 0) << running->standard_error;

  const auto deleted = orchestrator_->slipway({"cluster", "delete", "site-1", "--yes", "--timeout", "60s"});
  ASSERT_EQ(deleted->exit_code, 0) << deleted->standard_output << deleted->standard_error << host_->agent_log();
  const auto after = host_->snapshot();
  ASSERT_TRUE(after) << after.error().message();
  EXPECT_EQ(snapshot_difference(*before, *after), "") << "reset must leave the host as it was before the cluster";
  EXPECT_EQ(orchestrator_->get(kHosts, "edge-1").text({"status", "phase"}), "Provisioned");

  ASSERT_NO_FATAL_FAILURE(create_cluster("site-2"));
  const auto revoked =
      orchestrator_->slipway({"cluster", "delete", "site-2", "--yes", "--policy", "deauthorize", "--timeout", "60s"});
  ASSERT_EQ(revoked->exit_code, 0) << revoked->standard_output << revoked->standard_error << host_->agent_log();
  EXPECT_EQ(orchestrator_->get(kHosts, "edge-1").text({"status", "phase"}), "Deauthorized");

  host_->kill_agent();
  ASSERT_TRUE(host_->start_agent());
  EXPECT_TRUE(
      eventually(milliseconds(10'000), [&] { return host_->agent_log().find("deauthorized") != std::string::npos; }))
      << "the agent must be refused and say so:\n"
      << host_->agent_log();
  const auto refused = orchestrator_->slipway({"cluster", "create", "site-3", "--host", "edge-1"});
  EXPECT_NE(refused->exit_code, 0);
  EXPECT_NE(refused->standard_error.find("deauthorized"), std::string::npos) << refused->standard_error;
}

// The host vanishes with a cluster on it: deleting ends in bounded time, and the host is cleaned when it is seen again.
TEST_F(Spine, AnOfflineHostBlocksNothing) {
  const auto joined = onboard(*orchestrator_, *host_);
  ASSERT_TRUE(joined) << joined.error().message();
  const auto before = host_->snapshot();
  ASSERT_TRUE(before) << before.error().message();
  ASSERT_NO_FATAL_FAILURE(create_cluster("site-1"));
  ASSERT_TRUE(host_->cut_uplink());
  const auto deleted = orchestrator_->slipway({"cluster", "delete", "site-1", "--yes", "--timeout", "60s"});
  ASSERT_EQ(deleted->exit_code, 0) << deleted->standard_output << deleted->standard_error;
  const auto refused = orchestrator_->slipway({"cluster", "create", "site-2", "--host", "edge-1"});
  EXPECT_EQ(refused->exit_code, 4);
  EXPECT_NE(refused->standard_error.find("earlier cluster"), std::string::npos) << refused->standard_error;

  ASSERT_TRUE(host_->heal_uplink());
  EXPECT_TRUE(eventually(
      milliseconds(90'000), [&] { return meta::is_condition_true(orchestrator_->get(kHosts, "edge-1"), "Clean"); },
      milliseconds(300)))
      << data::to_json(orchestrator_->get(kHosts, "edge-1")["status"], 2) << host_->agent_log();
  EXPECT_EQ(snapshot_difference(*before, *host_->snapshot()), "");
}

// "Skip downloading K3s" of the proposal, as its YAML says it (v1beta1), completed: the Cluster's variable arrives in
// the control plane and in what the host will run.
TEST(Proposal, AirGappedArrivesInControlPlaneAndCloudInit) {
  if (const auto missing = missing_parts()) GTEST_SKIP() << *missing;
  const auto folder = base::TemporaryFolder::create("slipway-proposal");
  ASSERT_TRUE(folder);
  const auto orchestrator = Orchestrator::start(folder->path());
  ASSERT_TRUE(orchestrator) << orchestrator.error().message();
  for (const char* example : {"hosts.yaml", "cluster-v1beta1.yaml"}) {
    const auto applied =
        (*orchestrator)->kubectl({"apply", "-f", (source_folder() / "api/examples" / example).string()});
    ASSERT_EQ(applied->exit_code, 0) << example << applied->standard_error;
  }
  const auto first_of = [&](const std::string& type) {
    const auto list = (*orchestrator)->kubectl({"get", type, "-n", "default", "-o", "json"});
    const Json parsed = data::parse_json(list->standard_output).value_or(Json());
    return parsed["items"].empty() ? Json() : parsed["items"].items().front();
  };
  Json control_plane, config;
  EXPECT_TRUE(eventually(
      milliseconds(15'000),
      [&] {
        control_plane = first_of("kthreescontrolplanes.controlplane.cluster.x-k8s.io");
        config = first_of("kthreesconfigs.bootstrap.cluster.x-k8s.io");
        return !config.text({"status", "dataSecretName"}).empty();
      },
      milliseconds(200)))
      << data::to_json((*orchestrator)->get("clusters.cluster.x-k8s.io", "cluster-on-emt")["status"], 2);
  EXPECT_TRUE(control_plane.get({"spec", "kthreesConfigSpec", "agentConfig", "airGapped"}).bool_or(false));
  const Json secret = (*orchestrator)->get("secrets", config.text({"status", "dataSecretName"}));
  const std::string cloud_config = data::base64_decode(secret.text({"data", "value"})).value_or("");
  EXPECT_NE(cloud_config.find("INSTALL_K3S_SKIP_DOWNLOAD"), std::string::npos) << "the bootstrap must not download";
  EXPECT_EQ(cloud_config.find("get.k3s.io"), std::string::npos);
}

}  // namespace
}  // namespace slipway::real
