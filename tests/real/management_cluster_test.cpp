// slipwayd on a management cluster: resources in a real kube-apiserver with etcd, the rights of
// packaging/management-cluster/rbac.yaml and no more, Kubernetes' own garbage collector.

#include <algorithm>
#include <gtest/gtest.h>
#include <iostream>
#include <signal.h>

#include "data/json_text.h"
#include "kubernetes/kubernetes_servers.h"
#include "meta/conditions.h"
#include "real/harness.h"

namespace slipway::real {
namespace {

using data::Json;
using Clock = std::chrono::steady_clock;

constexpr const char* kHosts = "hosts.inventory.slipway.dev";
constexpr const char* kClusters = "clusters.cluster.x-k8s.io";

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

class ManagementCluster : public testing::Test {
 protected:
  void SetUp() override {
    if (const auto missing = missing_parts()) GTEST_SKIP() << *missing;
    const auto programs = source_folder() / "build/real/bin";
    if (const auto missing = kubernetes::KubernetesServers::missing_parts(programs)) GTEST_SKIP() << *missing;
    if (!std::filesystem::exists(programs / "k3s")) GTEST_SKIP() << "no k3s-standin to collect garbage";
    servers_ = std::make_unique<kubernetes::KubernetesServers>(programs, folder_.path() / "kubernetes");
    const auto up = servers_->start();
    ASSERT_TRUE(up) << up.error().message();
    ASSERT_TRUE(servers_->start_garbage_collector(programs / "k3s"));
    ASSERT_NO_FATAL_FAILURE(allow_slipwayd());
    auto orchestrator =
        Orchestrator::start_on(folder_.path(), {.kubeconfig = servers_->kubeconfig(),
                                                .slipwayd_kubeconfig = folder_.path() / "slipwayd.kubeconfig",
                                                .agent_port = *kubernetes::free_port(),
                                                .gateway_port = *kubernetes::free_port()});
    ASSERT_TRUE(orchestrator) << orchestrator.error().message();
    orchestrator_ = std::move(*orchestrator);
    auto host = EdgeHost::up(folder_.path(), *orchestrator_,
                             {.name = "edge-m", .serial = "MANAGED-1", .uuid = "6f1b2c3d-0000-4000-8000-00000000000c"});
    ASSERT_TRUE(host) << host.error().message();
    host_ = std::move(*host);
    const auto joined = onboard(*orchestrator_, *host_);
    ASSERT_TRUE(joined) << joined.error().message() << orchestrator_->process().output();
  }

  // A kubeconfig with a token file of the ServiceAccount, as in a Pod.
  void allow_slipwayd() {
    const auto rights = (source_folder() / "packaging/management-cluster/rbac.yaml").string();
    const auto applied = kubectl({"apply", "-f", rights});
    ASSERT_EQ(applied.exit_code, 0) << applied.standard_error;
    const auto token = kubectl({"create", "token", "slipwayd", "-n", "slipway-system", "--duration", "2h"});
    ASSERT_EQ(token.exit_code, 0) << token.standard_error;
    ASSERT_TRUE(base::write_file_atomically(folder_.path() / "token", token.standard_output, 0600));
    const pki::Kubeconfig& administrator = servers_->administrator();
    std::string text = pki::render_kubeconfig({.server = administrator.server, .ca_pem = administrator.ca_pem});
    text.replace(text.find("user: {}"), 8, "user: {tokenFile: token}");
    ASSERT_TRUE(base::write_file_atomically(folder_.path() / "slipwayd.kubeconfig", text, 0600));
  }

  base::ProcessResult kubectl(std::vector<std::string> args) {
    args.insert(args.begin(), {(source_folder() / "build/real/bin/kubectl").string(), "--kubeconfig",
                               servers_->kubeconfig().string()});
    auto result = base::run_process({.argv = std::move(args), .timeout = milliseconds(60'000)});
    return result ? *result : base::ProcessResult{.standard_error = result.error().message()};
  }

  bool is_ready() { return meta::is_condition_true(orchestrator_->get(kClusters, "site-1"), "Available"); }

  base::TemporaryFolder folder_ = *base::TemporaryFolder::create("slipway-management");
  std::unique_ptr<kubernetes::KubernetesServers> servers_;
  std::unique_ptr<Orchestrator> orchestrator_;
  std::unique_ptr<EdgeHost> host_;
};

TEST_F(ManagementCluster, AHostBecomesAClusterAndIsFreedAgain) {
  const auto before = host_->snapshot();
  ASSERT_TRUE(before) << before.error().message();
  const auto begin = Clock::now();
  const auto created = orchestrator_->slipway({"cluster", "create", "site-1", "--host", "edge-m", "--timeout", "120s"});
  ASSERT_EQ(created->exit_code, 0) << created->standard_output << created->standard_error << host_->agent_log()
                                   << orchestrator_->process().output();
  std::cout << "Ready after " << seconds_since(begin) << " s\n";
  const auto kubeconfig = folder_.path() / "site.kubeconfig";
  ASSERT_EQ(orchestrator_->slipway({"cluster", "kubeconfig", "site-1", "-f", kubeconfig.string()})->exit_code, 0);
  const auto nodes = base::run_process({.argv = {(source_folder() / "build/real/bin/kubectl").string(), "--kubeconfig",
                                                 kubeconfig.string(), "get", "nodes", "-o", "json"}});
  ASSERT_EQ(nodes->exit_code, 0) << nodes->standard_error;
  const Json list = *data::parse_json(nodes->standard_output);
  ASSERT_EQ(list["items"].size(), 1u);
  EXPECT_TRUE(meta::is_condition_true(list["items"].items()[0], "Ready"));

  const auto deleting = Clock::now();
  const auto deleted = orchestrator_->slipway({"cluster", "delete", "site-1", "--yes", "--timeout", "120s"});
  ASSERT_EQ(deleted->exit_code, 0) << deleted->standard_output << deleted->standard_error << host_->agent_log()
                                   << orchestrator_->process().output();
  std::cout << "deleted after " << seconds_since(deleting) << " s\n";
  EXPECT_EQ(snapshot_difference(*before, *host_->snapshot()), "");
  EXPECT_EQ(orchestrator_->get(kHosts, "edge-m").text({"status", "phase"}), "Provisioned");
  // What only an owner held is collected by Kubernetes; the host keeps its token.
  const auto left = [&] {
    return kubectl({"get", "secrets,kthreesconfigs,machines", "-n", "default", "-o", "name"}).standard_output;
  };
  EXPECT_TRUE(eventually(
      milliseconds(90'000), [&] { return left() == "secret/edge-m-join-token\n"; }, milliseconds(500)))
      << left();
}

// kill -9 to the replica that leads, in the middle of a creation: the other one goes on where it was.
TEST_F(ManagementCluster, AnotherReplicaFinishesWhatAKilledLeaderBegan) {
  const auto log = folder_.path() / "replica-2.log";
  auto second = orchestrator_->start_replica(log);
  ASSERT_TRUE(second) << second.error().message();
  ASSERT_TRUE(eventually(milliseconds(20'000), [&] {
    return second->output().find("slipwayd standby ") != std::string::npos;
  })) << second->output();
  const auto created = orchestrator_->slipway({"cluster", "create", "site-1", "--host", "edge-m", "--no-wait"});
  ASSERT_EQ(created->exit_code, 0) << created->standard_error;
  ASSERT_TRUE(eventually(milliseconds(30'000), [&] {
    return !orchestrator_->get(kHosts, "edge-m").get({"status", "assignment"}).is_null();
  })) << orchestrator_->process().output();
  EXPECT_EQ(second->output().find("slipwayd ready "), std::string::npos) << "only one may lead";
  EXPECT_FALSE(is_ready());

  const auto killed = Clock::now();
  orchestrator_->kill_hard();
  ASSERT_TRUE(eventually(milliseconds(60'000), [&] {
    return second->output().find("slipwayd ready ") != std::string::npos;
  })) << second->output();
  std::cout << "the other replica leads after " << seconds_since(killed) << " s\n";
  EXPECT_TRUE(eventually(
      milliseconds(120'000), [&] { return is_ready(); }, milliseconds(200)))
      << data::to_json(orchestrator_->get(kClusters, "site-1")["status"], 2) << second->output() << host_->agent_log();
  std::cout << "and the cluster is Ready after " << seconds_since(killed) << " s\n";
  const std::string machines = kubectl({"get", "machines", "-n", "default", "-o", "name"}).standard_output;
  EXPECT_EQ(std::ranges::count(machines, '\n'), 1) << "nothing is made twice: " << machines;
  const auto deleted = orchestrator_->slipway({"cluster", "delete", "site-1", "--yes", "--timeout", "120s"});
  EXPECT_EQ(deleted->exit_code, 0) << deleted->standard_output << deleted->standard_error << second->output();

  second->signal(SIGTERM);
  EXPECT_EQ(second->wait(milliseconds(30'000)), 0) << second->output();
  const auto holder =
      kubectl({"get", "lease", "slipwayd", "-n", "slipway-system", "-o", "jsonpath={.spec.holderIdentity}"});
  EXPECT_EQ(holder.standard_output, "") << "a stopped leader releases its Lease";
}

// A leader that cannot renew its Lease any more ends, whatever else it was doing.
TEST_F(ManagementCluster, ALostLeadEndsTheProcess) {
  const auto taken = kubectl({"patch", "lease", "slipwayd", "-n", "slipway-system", "--type", "merge", "-p",
                              R"({"spec": {"holderIdentity": "somebody-else", "leaseDurationSeconds": 3600}})"});
  ASSERT_EQ(taken.exit_code, 0) << taken.standard_error;
  EXPECT_EQ(orchestrator_->process().wait(milliseconds(30'000)), 3) << orchestrator_->process().output();
  EXPECT_NE(orchestrator_->process().output().find("lost the lead: Lease slipway-system/slipwayd"), std::string::npos);
}

}  // namespace
}  // namespace slipway::real
