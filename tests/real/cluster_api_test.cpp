// The unmodified core manager of Cluster API (its Go module, tests/real/build-cluster-api) on `slipwayd --api-only`.

#include "real/cluster_api.h"

#include <algorithm>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sstream>

#include "data/encoding.h"
#include "data/json_text.h"
#include "real/cluster_api_scenario.h"

namespace slipway::real {
namespace {

using data::Json;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class ClusterApiManager : public testing::Test {
 protected:
  void SetUp() override { start({kCore}); }
  void start(const std::vector<Provider>& providers) {
    if (const auto missing = ClusterApi::missing_parts()) GTEST_SKIP() << *missing;
    auto plane = Orchestrator::start(folder_.path(), {}, {"--api-only"});
    ASSERT_TRUE(plane) << plane.error().message();
    plane_ = std::move(*plane);
    auto api = ClusterApi::start(folder_.path(), plane_->kubeconfig(), providers);
    ASSERT_TRUE(api) << api.error().message();
    api_ = std::move(*api);
  }
  void TearDown() override {
    if (!api_) return;
    for (ProviderManager& manager : api_->managers()) EXPECT_TRUE(manager.process().running());
    EXPECT_THAT(api_->unexpected_errors(restarted_), IsEmpty());
    EXPECT_THAT(refused_writes(), IsEmpty());
  }

  // Whether a manager, its cache being late, wanted to add a finalizer to this object while it was being deleted.
  bool is_late_finalizer(const std::string& name) const {
    for (const ProviderManager& manager : api_->managers())
      for (const Json& line : manager.log())
        if (line.text({"err"}).find(kLateFinalizer) != std::string::npos &&
            line.text({"err"}).find(name) != std::string::npos)
          return true;
    return false;
  }

  // Writes of the managers that slipwayd answered with another error than "not there" and "somebody was quicker".
  std::vector<std::string> refused_writes() const {
    std::vector<std::string> refused;
    std::istringstream lines(base::read_file(plane_->data_folder() / "audit/audit.log").value_or(""));
    int accepted = 0;
    for (std::string line; std::getline(lines, line);) {
      const Json event = data::parse_json(line).value_or(Json());
      if (!event.text({"user", "username"}).starts_with("system:serviceaccount:capi-")) continue;
      const std::int64_t code = event.get({"responseStatus", "code"}).integer_or(0);
      if (code < 300) ++accepted;
      if (code == 422 && is_late_finalizer(event.text({"objectRef", "name"}))) continue;
      if (code >= 400 && code != 404 && code != 409) refused.push_back(line);
    }
    EXPECT_GT(accepted, 20) << "the audit log does not tell of the managers";
    return refused;
  }

  base::TemporaryFolder folder_ = *base::TemporaryFolder::create("slipway-cluster-api");
  std::unique_ptr<Orchestrator> plane_;
  std::unique_ptr<ClusterApi> api_;
  bool restarted_ = false;
};

#define ASSERT_STEP(expression)                      \
  do {                                               \
    const base::Status status = (expression);        \
    ASSERT_TRUE(status) << status.error().message(); \
  } while (false)

TEST_F(ClusterApiManager, ReconcilesAClusterWithItsClass) {
  const Json lease = data::parse_json(api_->kubectl({"get", "lease", "controller-leader-election-capi", "-n",
                                                     "capi-system", "-o", "json"})
                                          ->standard_output)
                         .value_or(Json());
  EXPECT_NE(lease.text({"spec", "holderIdentity"}), "");

  ASSERT_STEP(create_class(*api_));
  const Json definition = api_->get("clusterclass", "edge").get({"status", "variables"});
  ASSERT_EQ(definition.size(), 1u);
  EXPECT_EQ(definition.items()[0].get({"definitionsConflict"}), Json(false));
  // Templates of the class belong to it, without a controller.
  const std::pair<const char*, const char*> templates[] = {{"intelclustertemplate", "edge"},
                                                           {"kubeadmcontrolplanetemplate", "edge"},
                                                           {"intelmachinetemplate", "edge-worker"},
                                                           {"kubeadmconfigtemplate", "edge-worker"}};
  for (const auto& [type, name] : templates)
    EXPECT_THAT(owners(api_->get(type, name)), ElementsAre("ClusterClass/edge")) << type;

  ASSERT_STEP(create_cluster(*api_));
  const Json infrastructure = api_->only("intelclusters"), control_plane = api_->only("kubeadmcontrolplanes");
  const Json workers = api_->only("machinedeployments"), set = api_->only("machinesets");
  const Json cluster = api_->get("cluster", "site");
  EXPECT_EQ(cluster.text({"spec", "infrastructureRef", "name"}), infrastructure.text({"metadata", "name"}));
  EXPECT_EQ(cluster.text({"spec", "controlPlaneRef", "name"}), control_plane.text({"metadata", "name"}));
  EXPECT_THAT(owners(infrastructure), ElementsAre("Cluster/site*"));
  EXPECT_THAT(owners(control_plane), ElementsAre("Cluster/site*"));
  EXPECT_THAT(owners(workers), ElementsAre("Cluster/site"));
  EXPECT_THAT(owners(set), ElementsAre("MachineDeployment/" + workers.text({"metadata", "name"}) + "*"));
  EXPECT_THAT(field_managers(workers),
              ElementsAre("Apply capi-topology", "Update cluster-api-core", "Update cluster-api-core status"));
  EXPECT_THAT(field_managers(control_plane), ElementsAre("Apply capi-topology", "Update cluster-api-core"));
  EXPECT_EQ(control_plane.get({"metadata", "labels"}), Json::object({{"class", "edge"},
                                                                     {"cluster.x-k8s.io/cluster-name", "site"},
                                                                     {"tier", "control-plane"},
                                                                     {"topology.cluster.x-k8s.io/owned", ""}}));
  EXPECT_EQ(control_plane.text({"metadata", "annotations", "owner"}), "plant-7");
  EXPECT_EQ(control_plane.get({"spec", "kubeadmConfigSpec", "preKubeadmCommands"}),
            Json::array({"swapoff -a", "echo HTTPS_PROXY=http://proxy.example:8080 >> /etc/environment"}));
  EXPECT_EQ(workers.get({"spec", "replicas"}), Json(2));
  EXPECT_EQ(condition(cluster, "InfrastructureReady"), "False NotReady");
  EXPECT_EQ(condition(cluster, "ControlPlaneInitialized"), "False NotInitialized");
  EXPECT_EQ(condition(cluster, "Available"), "False NotAvailable");
  EXPECT_EQ(condition(set, "ScalingUp"), "True ScalingUp");
  EXPECT_TRUE(api_->list("machines").empty()) << "workers before the control plane";

  ASSERT_STEP(provide_control_plane(*api_));
  const auto waiting = api_->list("machines");
  for (const Json& machine : waiting) {
    const std::string name = machine.text({"metadata", "name"});
    EXPECT_THAT(owners(machine), ElementsAre("MachineSet/" + set.text({"metadata", "name"}) + "*"));
    EXPECT_THAT(owners(api_->get("intelmachine", name)), ElementsAre("Machine/" + name + "*"));
    EXPECT_THAT(owners(api_->get("kubeadmconfig", name)), ElementsAre("Machine/" + name + "*"));
    EXPECT_EQ(api_->get("intelmachine", name).text({"spec", "nodeGUID"}), "line");
  }

  ASSERT_STEP(provide_machines(*api_, plane_->kubeconfig()));
  EXPECT_EQ(condition(api_->get("cluster", "site"), "RemoteConnectionProbe"), "True ProbeSucceeded");
  const auto running = api_->list("machines");
  for (const Json& machine : running)
    EXPECT_EQ(machine.text({"status", "nodeRef", "name"}), "node-" + machine.text({"metadata", "name"}));

  const Json old_template =
      api_->only("machinedeployments").get({"spec", "template", "spec", "bootstrap", "configRef"});
  ASSERT_STEP(change_topology(*api_));
  const Json changed = api_->only("machinedeployments");
  EXPECT_EQ(changed.get({"spec", "replicas"}), Json(3));
  EXPECT_EQ(changed.text({"metadata", "labels", "shift"}), "night");
  EXPECT_NE(changed.text({"spec", "template", "spec", "bootstrap", "configRef", "name"}), old_template.text({"name"}));
  ASSERT_STEP(provide_machines(*api_, plane_->kubeconfig()));
  EXPECT_TRUE(eventually(milliseconds(30'000), [&] {
    return api_->get("kubeadmconfigtemplate", old_template.text({"name"})).is_null();
  })) << "the old template stays";
  EXPECT_EQ(api_->list("machines").size(), 3u);

  ASSERT_STEP(delete_cluster(*api_));
}

// v1beta1 is converted by the manager's own webhook, for readers and writers.
TEST_F(ClusterApiManager, ConvertsOlderVersions) {
  ASSERT_STEP(create_class(*api_));
  ASSERT_STEP(create_cluster(*api_));
  const Json old = api_->get("clusters.v1beta1.cluster.x-k8s.io", "site");
  EXPECT_EQ(old.text({"apiVersion"}), "cluster.x-k8s.io/v1beta1");
  EXPECT_EQ(old.text({"spec", "topology", "class"}), "edge");  // v1beta2 has spec.topology.classRef.name
  EXPECT_TRUE(old["metadata"]["annotations"].contains("cluster.x-k8s.io/conversion-data"));
  const Json workers = api_->only("machinedeployments.v1beta1.cluster.x-k8s.io");
  EXPECT_EQ(workers.get({"spec", "strategy", "rollingUpdate", "maxSurge"}), Json(1));
  EXPECT_EQ(workers.text({"spec", "template", "spec", "infrastructureRef", "apiVersion"}),
            "infrastructure.cluster.x-k8s.io/v1alpha1");  // from the definition's contract label, by the manager

  const Json check = Json::object(
      {{"apiVersion", "cluster.x-k8s.io/v1beta1"},
       {"kind", "MachineHealthCheck"},
       {"metadata", Json::object({{"name", "presses"}})},
       {"spec", Json::object({{"clusterName", "site"},
                              {"maxUnhealthy", "40%"},
                              {"nodeStartupTimeout", "10m"},
                              {"selector", Json::object({{"matchLabels", Json::object({{"role", "press"}})}})}})}});
  const auto created = api_->run({"create", "-f", "-"}, data::to_json(check));
  ASSERT_TRUE(created) << created.error().message();
  const Json stored = api_->get("machinehealthchecks", "presses");
  EXPECT_EQ(stored.text({"apiVersion"}), "cluster.x-k8s.io/v1beta2");
  EXPECT_EQ(stored.get({"spec", "checks", "nodeStartupTimeoutSeconds"}), Json(600));
  EXPECT_EQ(stored.text({"spec", "remediation", "triggerIf", "unhealthyLessThanOrEqualTo"}), "40%");
  EXPECT_TRUE(eventually(milliseconds(30'000), [&] {
    return condition(api_->get("machinehealthchecks", "presses"), "RemediationAllowed") != "";
  }));
}

TEST_F(ClusterApiManager, GoesOnWhenSlipwaydIsKilled) {
  restarted_ = true;
  ASSERT_STEP(create_class(*api_));
  ASSERT_STEP(create_cluster(*api_));
  const pid_t manager = api_->managers()[0].process().pid();
  for (int replicas : {4, 3}) {
    plane_->kill_hard();
    ASSERT_STEP(plane_->restart());
    ASSERT_TRUE(
        api_->run({"patch", "cluster", "site", "--type=json", "-p",
                   R"([{"op":"replace","path":"/spec/topology/workers/machineDeployments/0/replicas","value":)" +
                       std::to_string(replicas) + "}]"}));
    EXPECT_TRUE(eventually(milliseconds(60'000),
                           [&] { return api_->only("machinesets").get({"spec", "replicas"}) == Json(replicas); }))
        << replicas << " replicas do not come through";
  }
  EXPECT_TRUE(api_->managers()[0].process().running());
  EXPECT_EQ(api_->managers()[0].process().pid(), manager);
  ASSERT_STEP(delete_cluster(*api_));
}

TEST_F(ClusterApiManager, ClusterctlMovesAClusterToAnotherServer) {
  ASSERT_STEP(create_class(*api_));
  ASSERT_STEP(create_cluster(*api_));
  ASSERT_STEP(provide_control_plane(*api_));
  ASSERT_STEP(provide_machines(*api_, plane_->kubeconfig()));
  const auto tree = api_->clusterctl({"describe", "cluster", "site", "--show-conditions=all"});
  ASSERT_TRUE(tree) << tree.error().message();
  EXPECT_THAT(*tree, AllOf(HasSubstr("Cluster plant/site, v1.36.3"), HasSubstr("MachineDeployment plant/site-line-"),
                           HasSubstr("ReconcileSucceeded")));
  EXPECT_EQ(api_->clusterctl({"get", "kubeconfig", "site"}).value_or(""),
            base::read_file(plane_->kubeconfig()).value_or("-") + "\n");

  auto other_plane = Orchestrator::start(folder_.path() / "other", {}, {"--api-only"});
  ASSERT_TRUE(other_plane) << other_plane.error().message();
  auto started = ClusterApi::start(folder_.path() / "other", (*other_plane)->kubeconfig());
  ASSERT_TRUE(started) << started.error().message();
  ClusterApi& other = **started;
  const auto names = [](ClusterApi& api) { return api.run({"get", "machines", "-o", "name"}).value_or(""); };
  const std::string machines = names(*api_);
  const auto moved = api_->clusterctl({"move", "--to-kubeconfig=" + (*other_plane)->kubeconfig().string()});
  ASSERT_TRUE(moved) << moved.error().message();
  EXPECT_THAT(names(*api_), IsEmpty());
  EXPECT_TRUE(api_->get("clusterclass", "edge").is_null());
  EXPECT_EQ(names(other), machines);
  ASSERT_STEP(report_again(other));
  EXPECT_EQ(names(other), machines) << "moving is no reason to roll out";
  EXPECT_EQ(condition(other.get("cluster", "site"), "TopologyReconciled"), "True ReconcileSucceeded");
  EXPECT_THAT(other.unexpected_errors(), IsEmpty());
}

// With the kubeadm providers: everything that is possible before there is a machine.
class ClusterApiWithKubeadm : public ClusterApiManager {
 protected:
  void SetUp() override { start({kCore, kKubeadmBootstrap, kKubeadmControlPlane}); }
};

TEST_F(ClusterApiWithKubeadm, GoesAsFarAsWithoutMachines) {
  ASSERT_STEP(create_class(*api_));
  ASSERT_STEP(api_->apply("cluster.yaml"));
  ASSERT_TRUE(eventually(milliseconds(60'000), [&] { return !api_->only("intelclusters").is_null(); }));
  ASSERT_STEP(provide_infrastructure(*api_));
  // The control plane's Machine has its cloud-init; what is missing is the machine.
  Json machine;
  const bool booted = eventually(milliseconds(90'000), [&] {
    const auto machines = api_->list("machines");
    for (const Json& found : machines)
      if (found["metadata"]["labels"].contains("cluster.x-k8s.io/control-plane")) machine = found;
    return condition(machine, "BootstrapConfigReady") == "True Ready" &&
           !machine.text({"spec", "bootstrap", "dataSecretName"}).empty();
  });
  ASSERT_TRUE(booted) << data::to_json(machine, 1) << data::to_json(api_->only("kubeadmcontrolplanes")["status"], 1);
  EXPECT_EQ(condition(machine, "InfrastructureReady"), "False NotReady");
  // Two workers, made by another controller, wait for the control plane.
  EXPECT_TRUE(eventually(milliseconds(60'000), [&] { return api_->list("machines").size() == 3; }));
  const Json secret = api_->get("secret", machine.text({"spec", "bootstrap", "dataSecretName"}));
  EXPECT_EQ(secret.text({"type"}), "cluster.x-k8s.io/secret");
  const std::string document = data::base64_decode(secret.text({"data", "value"})).value_or("");
  EXPECT_NE(document.find("kubeadm init"), std::string::npos);
  EXPECT_NE(document.find("echo HTTPS_PROXY=http://proxy.example:8080"), std::string::npos);
  for (const char* name : {"site-ca", "site-etcd", "site-proxy", "site-sa", "site-kubeconfig"})
    EXPECT_FALSE(api_->get("secret", name).is_null()) << name;
  const Json control_plane = api_->only("kubeadmcontrolplanes");
  EXPECT_EQ(condition(control_plane, "CertificatesAvailable"), "True Available");
  EXPECT_EQ(condition(control_plane, "Available"), "False NotAvailable");
  EXPECT_THAT(owners(machine), ElementsAre("KubeadmControlPlane/" + control_plane.text({"metadata", "name"}) + "*"));
  EXPECT_EQ(
      api_->get("kubeadmcontrolplanes.v1beta1.controlplane.cluster.x-k8s.io", control_plane.text({"metadata", "name"}))
          .text({"apiVersion"}),
      "controlplane.cluster.x-k8s.io/v1beta1");

  ASSERT_STEP(delete_cluster(*api_));
  EXPECT_TRUE(eventually(milliseconds(60'000), [&] { return api_->list("secrets").empty(); }));
}

}  // namespace
}  // namespace slipway::real
