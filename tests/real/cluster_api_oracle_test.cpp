// The same life of a cluster under the core manager of Cluster API on slipwayd and on kube-apiserver + etcd: the same
// objects after each step, and none at the end. kube-controller-manager, which k3s-standin has in it, aggregates roles
// and collects garbage there.

#include <future>
#include <gtest/gtest.h>

#include "kubernetes/kubernetes_servers.h"
#include "real/cluster_api.h"
#include "real/cluster_api_scenario.h"

namespace slipway::real {
namespace {

class ClusterApiOracle : public testing::Test {
 protected:
  void SetUp() override {
    const auto programs = source_folder() / "build/real/bin";
    if (const auto missing = kubernetes::KubernetesServers::missing_parts(programs)) GTEST_SKIP() << *missing;
    if (const auto missing = ClusterApi::missing_parts()) GTEST_SKIP() << *missing;
    const auto controllers_there =
        base::run_process({.argv = {programs / "k3s", "kube-controller-manager", "--version"}});
    if (!controllers_there || controllers_there->exit_code != 0)
      GTEST_SKIP() << "no kube-controller-manager; it comes with tests/real/build-k3s-standin";
    kubernetes_.emplace(programs, folder_.path() / "kubernetes");
    const base::Status started = kubernetes_->start();
    ASSERT_TRUE(started) << started.error().message();
    auto controllers = Process::start(
        {programs / "k3s", "kube-controller-manager", "--kubeconfig=" + kubernetes_->kubeconfig().string(),
         "--leader-elect=false", "--secure-port=0", "--use-service-account-credentials=false",
         "--controllers=clusterrole-aggregation-controller,garbage-collector-controller,"
         "namespace-controller"},
        folder_.path() / "controller-manager.log");
    ASSERT_TRUE(controllers) << controllers.error().message();
    controllers_.emplace(std::move(*controllers));
    auto plane = Orchestrator::start(folder_.path(), {}, {"--api-only"});
    ASSERT_TRUE(plane) << plane.error().message();
    slipwayd_ = std::move(*plane);
    start(ours_, "slipwayd", slipwayd_->kubeconfig());
    start(theirs_, "kubernetes", kubernetes_->kubeconfig());
  }
  void TearDown() override {
    theirs_.reset();  // a manager that loses its API server first would wait for it
    ours_.reset();
    controllers_.reset();
  }

  void start(std::unique_ptr<ClusterApi>& api, const std::string& name, const std::filesystem::path& kubeconfig) {
    auto started = ClusterApi::start(folder_.path() / name, kubeconfig);
    ASSERT_TRUE(started) << name << ": " << started.error().message();
    api = std::move(*started);
  }

  // Until both hold the same objects; says where they differ otherwise.
  void expect_equal_objects(const std::string& step) {
    std::string difference;
    const bool equal = eventually(
        milliseconds(40'000),
        [&] {
          difference = "";
          const auto ours = ours_->objects(), theirs = theirs_->objects();
          std::size_t number = 0;
          for (; number < std::max(ours.size(), theirs.size()); ++number) {
            const std::string left = number < ours.size() ? ours[number] : "";
            const std::string right = number < theirs.size() ? theirs[number] : "";
            if (left != right)
              difference += left.substr(0, left.find('\n')) + " beside " + right.substr(0, right.find('\n')) + "\n" +
                            snapshot_difference(right, left);
          }
          return difference.empty() && number > 0;
        },
        milliseconds(1'000));
    EXPECT_TRUE(equal) << "after " << step << " ('-' only on kube-apiserver, '+' only on slipwayd):\n" << difference;
  }

  base::TemporaryFolder folder_ = *base::TemporaryFolder::create("slipway-cluster-api");
  std::optional<kubernetes::KubernetesServers> kubernetes_;
  std::optional<Process> controllers_;
  std::unique_ptr<Orchestrator> slipwayd_;
  std::unique_ptr<ClusterApi> ours_, theirs_;
};

TEST_F(ClusterApiOracle, SameObjectsAsOnKubernetes) {
  using Step = std::function<base::Status(ClusterApi&, const std::filesystem::path& plane)>;
  const std::pair<const char*, Step> steps[] = {
      {"the class", [](ClusterApi& api, const auto&) { return create_class(api); }},
      {"the cluster", [](ClusterApi& api, const auto&) { return create_cluster(api); }},
      {"its control plane", [](ClusterApi& api, const auto&) { return provide_control_plane(api); }},
      {"its machines", [](ClusterApi& api, const auto& plane) { return provide_machines(api, plane); }},
      {"a changed topology", [](ClusterApi& api, const auto&) { return change_topology(api); }},
      {"its rollout", [](ClusterApi& api, const auto& plane) { return provide_machines(api, plane); }},
      {"the cluster's end", [](ClusterApi& api, const auto&) { return delete_cluster(api); }},
  };
  for (const auto& [name, step] : steps) {
    auto there = std::async(std::launch::async, [&] { return step(*theirs_, kubernetes_->kubeconfig()); });
    const base::Status ours = step(*ours_, slipwayd_->kubeconfig());
    const base::Status theirs = there.get();
    ASSERT_TRUE(ours) << "slipwayd, " << name << ": " << ours.error().message();
    ASSERT_TRUE(theirs) << "kube-apiserver, " << name << ": " << theirs.error().message();
    expect_equal_objects(name);
  }
}

}  // namespace
}  // namespace slipway::real
