#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <mutex>

#include "api/cluster/cluster.h"
#include "api/cluster/conversion.h"
#include "api/cluster/timeline.h"
#include "api/controlplane/controlplane.h"
#include "api/embedded_crds.h"
#include "api/infrastructure/infrastructure.h"
#include "cluster/admission.h"
#include "cluster/cluster_controllers.h"
#include "control/faulty_client_test.h"
#include "data/patch.h"
#include "data/yaml.h"
#include "meta/conditions.h"

namespace slipway::cluster {
namespace {

using base::ErrorCode;
using base::Result;
using data::Json;
using meta::Gvk;
using meta::ObjectKey;
using meta::ObjectPtr;
using std::chrono::milliseconds;
using testing::ElementsAre;
namespace words = api::cluster;

class FakeWorkload final : public WorkloadNodes {
 public:
  Result<Json> find_node(const ObjectKey&, std::string_view provider_id) override {
    std::lock_guard lock(mutex_);
    if (node_.is_null()) return base::fail(ErrorCode::kUnavailable, "no tunnel");
    if (node_.text({"spec", "providerID"}) != provider_id) return base::fail(ErrorCode::kNotFound, "no such node");
    return node_;
  }
  base::Status probe(const ObjectKey&) override {
    std::lock_guard lock(mutex_);
    ++probes_;
    if (node_.is_null()) return base::fail(ErrorCode::kUnavailable, "no tunnel");
    return {};
  }
  void set_node(Json node) {
    std::lock_guard lock(mutex_);
    node_ = std::move(node);
  }
  int probes() {
    std::lock_guard lock(mutex_);
    return probes_;
  }

 private:
  std::mutex mutex_;
  Json node_;
  int probes_ = 0;
};

Json yaml(std::string_view text) {
  auto value = data::parse_yaml(text);
  EXPECT_TRUE(value.has_value()) << value.error().message();
  return value.value_or(Json());
}

constexpr std::string_view kTemplates = R"(
apiVersion: controlplane.cluster.x-k8s.io/v1beta2
kind: KThreesControlPlaneTemplate
metadata: {name: k3s-control-plane, namespace: default}
spec: {template: {spec: {kthreesConfigSpec: {agentConfig: {airGapped: false}}}}}
---
apiVersion: infrastructure.cluster.x-k8s.io/v1alpha1
kind: IntelClusterTemplate
metadata: {name: k3s, namespace: default}
spec: {template: {spec: {}}}
---
apiVersion: infrastructure.cluster.x-k8s.io/v1alpha1
kind: IntelMachineTemplate
metadata: {name: k3s-machine, namespace: default}
spec: {template: {spec: {}}}
)";

// The class of the proposal ("Skip downloading K3s") with what it omits, in the version it is written in.
constexpr std::string_view kClass = R"(
apiVersion: cluster.x-k8s.io/v1beta1
kind: ClusterClass
metadata: {name: k3s, namespace: default}
spec:
  infrastructure:
    ref: {apiVersion: infrastructure.cluster.x-k8s.io/v1alpha1, kind: IntelClusterTemplate, name: k3s}
  controlPlane:
    ref: {apiVersion: controlplane.cluster.x-k8s.io/v1beta2, kind: KThreesControlPlaneTemplate, name: k3s-control-plane}
    machineInfrastructure:
      ref: {apiVersion: infrastructure.cluster.x-k8s.io/v1alpha1, kind: IntelMachineTemplate, name: k3s-machine}
  patches:
  - name: airGapped
    definitions:
    - selector:
        apiVersion: controlplane.cluster.x-k8s.io/v1beta2
        kind: KThreesControlPlaneTemplate
        matchResources: {controlPlane: true}
      jsonPatches:
      - op: add
        path: /spec/template/spec/kthreesConfigSpec/agentConfig/airGapped
        valueFrom: {variable: airGapped}
  variables:
  - name: airGapped
    required: true
    schema: {openAPIV3Schema: {type: boolean, default: false}}
)";

constexpr std::string_view kClusterYaml = R"(
apiVersion: cluster.x-k8s.io/v1beta1
kind: Cluster
metadata: {name: cluster-on-emt, namespace: default}
spec:
  topology:
    class: k3s
    version: v1.36.3+k3s1
    controlPlane: {replicas: 1}
    variables:
    - {name: airGapped, value: true}
)";

const ObjectKey kKey{"default", "cluster-on-emt"};

struct ControllersTest : testing::Test {
  control::TestPlane plane;
  FakeWorkload workload;
  std::unique_ptr<control::Manager> manager =
      control::Manager::create({.client = &plane.client, .clock = &plane.clock, .component = "test"});
  kube::Client& client = plane.local;

  void SetUp() override {
    for (const api::EmbeddedFile& file : api::embedded_crds()) {
      const auto added = plane.registry.add_crd(yaml(file.content()));
      ASSERT_TRUE(added.has_value()) << file.name() << ": " << added.error().message();
    }
    for (const char* kind : {"Cluster", "ClusterClass", "Machine"})
      plane.registry.set_converter({"cluster.x-k8s.io", kind}, [](const Json& object, const std::string& version) {
        return words::convert(object, version);
      });
    const auto find_class = [this](const ObjectKey& key) -> ObjectPtr {
      auto found = client.get(words::kClusterClass, key);
      return found.has_value() ? *found : nullptr;
    };
    plane.registry.add_admission({"cluster.x-k8s.io", "Cluster"}, cluster_admission(plane.clock, find_class));
    plane.registry.add_admission({"cluster.x-k8s.io", "ClusterClass"}, cluster_class_admission());
    plane.registry.add_admission({"cluster.x-k8s.io", "Machine"}, machine_admission());
    add_controllers(*manager, workload);
  }
  void TearDown() override { manager->stop(); }

  void start() {
    const auto started = manager->start();
    ASSERT_TRUE(started.has_value()) << started.error().message();
    idle();
  }
  void idle() {
    ASSERT_TRUE(control::eventually([&] { return manager->is_idle(); })) << data::to_yaml(show_queues());
  }
  Json show_queues() {
    Json result = Json::object();
    for (const auto& statistics : manager->statistics())
      result.set(statistics.name, fmt::format("{} passes, {} errors, {} ready, {} busy", statistics.reconciles,
                                              statistics.errors, statistics.queue_ready, statistics.busy));
    return result;
  }
  void apply(std::string_view documents) {
    const auto parsed = data::parse_yaml_documents(documents);
    ASSERT_TRUE(parsed.has_value());
    for (const Json& object : *parsed) {
      const auto created = client.create(object);
      ASSERT_TRUE(created.has_value()) << created.error().message();
    }
  }
  Json get(const Gvk& gvk, const ObjectKey& key) {
    const auto found = client.get(gvk, key);
    EXPECT_TRUE(found.has_value()) << found.error().message();
    return found.has_value() ? **found : Json();
  }
  Json cluster() { return get(words::kCluster, kKey); }
  Json referenced(const Gvk& gvk, std::string_view field) {
    return get(gvk, {"default", cluster().text({"spec", field, "name"})});
  }
  void patch(const Gvk& gvk, const ObjectKey& key, std::string_view change, const char* subresource = "") {
    const auto patched = client.patch(gvk, key, kube::PatchType::kMerge, yaml(change), {.subresource = subresource});
    ASSERT_TRUE(patched.has_value()) << patched.error().message();
  }
  // "True Ready: message" of a condition.
  static std::string condition(const Json& object, std::string_view type) {
    const Json& found = meta::find_condition(object, type);
    if (found.is_null()) return "missing";
    const std::string& message = found.text({"message"});
    return found.text({"status"}) + " " + found.text({"reason"}) + (message.empty() ? "" : ": " + message);
  }
  static std::vector<std::string> steps(const Json& cluster) {
    std::vector<std::string> names;
    for (const auto& step : words::read_timeline(cluster)) names.push_back(step.name);
    return names;
  }

  // What the providers of a real plane do.
  void provision_infrastructure() {
    const ObjectKey key = meta::key_of(referenced(api::infrastructure::kIntelCluster, "infrastructureRef"));
    patch(api::infrastructure::kIntelCluster, key, "{spec: {controlPlaneEndpoint: {host: gateway, port: 6443}}}");
    patch(api::infrastructure::kIntelCluster, key, "{status: {initialization: {provisioned: true}}}", "status");
    idle();
  }
  void make_machine() {
    apply(R"(
apiVersion: infrastructure.cluster.x-k8s.io/v1alpha1
kind: IntelMachine
metadata: {name: m1, namespace: default}
spec: {}
---
apiVersion: bootstrap.cluster.x-k8s.io/v1beta2
kind: KThreesConfig
metadata: {name: m1, namespace: default}
spec: {}
---
apiVersion: cluster.x-k8s.io/v1beta2
kind: Machine
metadata:
  name: m1
  namespace: default
  labels: {cluster.x-k8s.io/cluster-name: cluster-on-emt, cluster.x-k8s.io/control-plane: ""}
spec:
  clusterName: cluster-on-emt
  version: v1.36.3+k3s1
  bootstrap: {configRef: {apiGroup: bootstrap.cluster.x-k8s.io, kind: KThreesConfig, name: m1}}
  infrastructureRef: {apiGroup: infrastructure.cluster.x-k8s.io, kind: IntelMachine, name: m1}
)");
    idle();
  }
};

const Gvk kIntelMachine{"infrastructure.cluster.x-k8s.io", "v1alpha1", "IntelMachine"};
const Gvk kConfig{"bootstrap.cluster.x-k8s.io", "v1beta2", "KThreesConfig"};
const ObjectKey kMachineKey{"default", "m1"};

TEST_F(ControllersTest, ManifestsOfTheProposalBecomeTheObjectsOfACluster) {
  start();
  apply(kTemplates);
  apply(kClass);
  apply(kClusterYaml);
  idle();
  const Json made = cluster();
  EXPECT_EQ(condition(made, "TopologyReconciled"), "True ReconcileSucceeded");
  EXPECT_EQ(made.text({"status", "phase"}), "Provisioning");
  const Json control_plane = referenced(api::controlplane::kKThreesControlPlane, "controlPlaneRef");
  EXPECT_EQ(control_plane.get({"spec", "kthreesConfigSpec", "agentConfig", "airGapped"}), Json(true));
  EXPECT_EQ(control_plane.text({"spec", "version"}), "v1.36.3+k3s1");
  const Json infrastructure = referenced(api::infrastructure::kIntelCluster, "infrastructureRef");
  EXPECT_EQ(meta::label(infrastructure, words::kClusterNameLabel), "cluster-on-emt");
  const auto machine_templates = client.list(api::infrastructure::kIntelMachineTemplate);
  EXPECT_EQ(machine_templates->items.size(), 2u);
  EXPECT_TRUE(meta::has_finalizer(made, words::kClusterFinalizer));
  EXPECT_EQ(condition(get(words::kClusterClass, {"default", "k3s"}), "VariablesReady"), "True VariablesReady");
  EXPECT_EQ(condition(get(words::kClusterClass, {"default", "k3s"}), "RefVersionsUpToDate"),
            "True RefVersionsUpToDate");
}

TEST_F(ControllersTest, EveryConditionIsThereFromTheFirstPass) {
  start();
  apply(kTemplates);
  apply(kClass);
  apply(kClusterYaml);
  idle();
  const Json made = cluster();
  for (const char* type : {"Available", "RemoteConnectionProbe", "InfrastructureReady", "ControlPlaneInitialized",
                           "ControlPlaneAvailable", "ControlPlaneMachinesReady", "ControlPlaneMachinesUpToDate",
                           "WorkersAvailable", "WorkerMachinesReady", "WorkerMachinesUpToDate", "TopologyReconciled",
                           "RollingOut", "ScalingUp", "ScalingDown", "Remediating", "Deleting", "Paused"})
    EXPECT_NE(condition(made, type), "missing") << type;
  EXPECT_EQ(condition(made, "InfrastructureReady"),
            "False NotReady: IntelCluster status.initialization.provisioned is false");
  EXPECT_EQ(condition(made, "ControlPlaneInitialized"), "False NotInitialized: Control plane not yet initialized");
  EXPECT_EQ(condition(made, "ControlPlaneMachinesReady"), "True NoReplicas");
  EXPECT_EQ(condition(made, "WorkersAvailable"), "True NoWorkers");
  EXPECT_EQ(condition(made, "Paused"), "False NotPaused");
  EXPECT_TRUE(condition(made, "Available").starts_with("False NotAvailable: * RemoteConnectionProbe: "))
      << condition(made, "Available");
}

TEST_F(ControllersTest, AMissingClassOrTemplateIsSaidAndHeals) {
  start();
  apply(kClusterYaml);
  idle();
  EXPECT_EQ(condition(cluster(), "TopologyReconciled"),
            "False ClusterClassNotReconciled: ClusterClass default/k3s does not exist; create it, or change "
            "spec.topology.classRef");
  EXPECT_EQ(condition(cluster(), "InfrastructureReady"),
            "False ObjectDoesNotExist: Waiting for cluster topology to be reconciled");
  EXPECT_EQ(cluster().text({"status", "phase"}), "Pending");
  apply(kClass);
  idle();
  EXPECT_THAT(condition(cluster(), "TopologyReconciled"),
              testing::HasSubstr("ClusterClass k3s refers to IntelClusterTemplate default/k3s"));
  apply(kTemplates);
  idle();
  EXPECT_EQ(condition(cluster(), "TopologyReconciled"), "True ReconcileSucceeded");
}

TEST_F(ControllersTest, NothingIsMadeTwiceAfterARestartAtAnyPoint) {
  apply(kTemplates);
  apply(kClass);
  apply(kClusterYaml);
  start();
  const std::string name = cluster().text({"spec", "controlPlaneRef", "name"});
  manager->stop();
  // As after a crash between storing the names and creating the objects.
  ASSERT_TRUE(client.remove(api::controlplane::kKThreesControlPlane, {"default", name}).has_value());
  manager = control::Manager::create({.client = &plane.client, .clock = &plane.clock, .component = "test"});
  add_controllers(*manager, workload);
  start();
  EXPECT_EQ(cluster().text({"spec", "controlPlaneRef", "name"}), name);
  EXPECT_EQ(client.list(api::controlplane::kKThreesControlPlane)->items.size(), 1u);
  EXPECT_EQ(client.list(api::infrastructure::kIntelCluster)->items.size(), 1u);
}

TEST_F(ControllersTest, ASettledClusterIsLeftAlone) {
  apply(kTemplates);
  apply(kClass);
  apply(kClusterYaml);
  start();
  const std::string before = client.list(kube::kNamespace)->resource_version;
  for (int i = 0; i < 5; ++i) manager->enqueue("cluster", kKey);
  idle();
  manager->enqueue("clusterclass", {"default", "k3s"});
  idle();
  EXPECT_EQ(client.list(kube::kNamespace)->resource_version, before);
}

TEST_F(ControllersTest, ATopologyChangeReachesTheControlPlane) {
  apply(kTemplates);
  apply(kClass);
  apply(kClusterYaml);
  start();
  patch(words::kCluster, kKey,
        "{spec: {topology: {version: v1.36.4+k3s1, variables: [{name: airGapped, value: false}]}}}");
  idle();
  const Json control_plane = referenced(api::controlplane::kKThreesControlPlane, "controlPlaneRef");
  EXPECT_EQ(control_plane.text({"spec", "version"}), "v1.36.4+k3s1");
  EXPECT_EQ(control_plane.get({"spec", "kthreesConfigSpec", "agentConfig", "airGapped"}), Json(false));
  // A changed machine template is a new object; the old copy goes.
  const std::string before = control_plane.text({"spec", "machineTemplate", "infrastructureRef", "name"});
  patch(api::infrastructure::kIntelMachineTemplate, {"default", "k3s-machine"},
        "{spec: {template: {spec: {nodeGUID: other}}}}");
  idle();
  const std::string after = referenced(api::controlplane::kKThreesControlPlane, "controlPlaneRef")
                                .text({"spec", "machineTemplate", "infrastructureRef", "name"});
  EXPECT_NE(after, before);
  EXPECT_EQ(client.get(api::infrastructure::kIntelMachineTemplate, {"default", before}).error().code(),
            ErrorCode::kNotFound);
}

TEST_F(ControllersTest, FromProvidersToAnAvailableCluster) {
  apply(kTemplates);
  apply(kClass);
  apply(kClusterYaml);
  start();
  provision_infrastructure();
  EXPECT_EQ(cluster().text({"status", "phase"}), "Provisioned");
  EXPECT_EQ(cluster().get({"spec", "controlPlaneEndpoint"}), yaml("{host: gateway, port: 6443}"));
  EXPECT_EQ(condition(cluster(), "InfrastructureReady"), "True Ready");

  make_machine();
  Json machine = get(words::kMachine, kMachineKey);
  EXPECT_EQ(machine.text({"status", "phase"}), "Pending");
  EXPECT_TRUE(meta::has_finalizer(machine, words::kMachineFinalizer));
  for (const Gvk& gvk : {kIntelMachine, kConfig}) {
    const Json object = get(gvk, kMachineKey);
    ASSERT_NE(meta::controller_reference(object), nullptr) << gvk.kind;
    EXPECT_EQ(meta::controller_reference(object)->text({"uid"}), meta::uid(machine));
    EXPECT_EQ(meta::label(object, words::kClusterNameLabel), "cluster-on-emt");
  }

  patch(kConfig, kMachineKey, "{status: {dataSecretName: m1, initialization: {dataSecretCreated: true}}}", "status");
  idle();
  machine = get(words::kMachine, kMachineKey);
  EXPECT_EQ(machine.text({"spec", "bootstrap", "dataSecretName"}), "m1");
  EXPECT_EQ(machine.text({"status", "phase"}), "Provisioning");
  EXPECT_EQ(condition(machine, "BootstrapConfigReady"), "True Ready");

  patch(kIntelMachine, kMachineKey, "{spec: {providerID: slipway://default/host-1}}");
  patch(kIntelMachine, kMachineKey,
        "{status: {initialization: {provisioned: true}, addresses: [{type: InternalIP, address: 10.0.0.5}]}}",
        "status");
  idle();
  machine = get(words::kMachine, kMachineKey);
  EXPECT_EQ(machine.text({"status", "phase"}), "Provisioned");
  EXPECT_EQ(condition(machine, "NodeReady"),
            "Unknown InspectionFailed: The workload cluster does not answer: no tunnel");

  workload.set_node(yaml(R"(
metadata: {name: host-1}
spec: {providerID: "slipway://default/host-1"}
status:
  conditions:
  - {type: Ready, status: "True"}
  - {type: MemoryPressure, status: "False"}
  - {type: DiskPressure, status: "False"}
  - {type: PIDPressure, status: "False"}
  nodeInfo: {architecture: amd64, bootID: b, containerRuntimeVersion: c, kernelVersion: k, kubeProxyVersion: p,
             kubeletVersion: v1.36.3+k3s1, machineID: m, operatingSystem: linux, osImage: o, systemUUID: s}
)"));
  plane.clock.advance(std::chrono::seconds(1));
  ASSERT_TRUE(
      control::eventually([&] { return get(words::kMachine, kMachineKey).text({"status", "phase"}) == "Running"; }));
  const std::string control_plane = cluster().text({"spec", "controlPlaneRef", "name"});
  patch(api::controlplane::kKThreesControlPlane, {"default", control_plane},
        "{status: {initialization: {controlPlaneInitialized: true}, replicas: 1, readyReplicas: 1}}", "status");
  idle();
  machine = get(words::kMachine, kMachineKey);
  EXPECT_EQ(machine.text({"status", "nodeRef", "name"}), "host-1");
  EXPECT_EQ(machine.text({"status", "nodeInfo", "kubeletVersion"}), "v1.36.3+k3s1");
  EXPECT_EQ(condition(machine, "Ready"), "True Ready");
  EXPECT_EQ(condition(machine, "Available"), "True Available");
  EXPECT_EQ(condition(machine, "NodeHealthy"), "True NodeHealthy");
  const Json made = cluster();
  EXPECT_EQ(condition(made, "Available"), "True Available");
  EXPECT_EQ(condition(made, "ControlPlaneMachinesReady"), "True Ready");
  EXPECT_EQ(condition(made, "RemoteConnectionProbe"), "True ProbeSucceeded");
  EXPECT_EQ(made.get({"status", "initialization"}),
            yaml("{infrastructureProvisioned: true, controlPlaneInitialized: true}"));
  EXPECT_EQ(made.get({"status", "controlPlane", "readyReplicas"}), Json(1));
  EXPECT_THAT(steps(made), testing::UnorderedElementsAre("created", "topologyReconciled", "infrastructureProvisioned",
                                                         "bootstrapDataReady", "nodeReady", "controlPlaneInitialized"));
  EXPECT_EQ(workload.probes(), 1);
}

TEST_F(ControllersTest, DeletionGoesInOrderAndSaysWhatItWaitsFor) {
  apply(kTemplates);
  apply(kClass);
  apply(kClusterYaml);
  start();
  provision_infrastructure();
  make_machine();
  const ObjectKey control_plane{"default", cluster().text({"spec", "controlPlaneRef", "name"})};
  const ObjectKey infrastructure{"default", cluster().text({"spec", "infrastructureRef", "name"})};
  // Providers that take their time.
  patch(api::controlplane::kKThreesControlPlane, control_plane, "{metadata: {finalizers: [example.com/hold]}}");
  patch(api::infrastructure::kIntelCluster, infrastructure, "{metadata: {finalizers: [example.com/hold]}}");
  patch(kIntelMachine, kMachineKey, "{metadata: {finalizers: [example.com/hold]}}");
  idle();
  ASSERT_TRUE(client.remove(words::kCluster, kKey).has_value());
  idle();
  EXPECT_EQ(cluster().text({"status", "phase"}), "Deleting");
  EXPECT_EQ(condition(cluster(), "Deleting"), "True WaitingForControlPlaneDeletion: * KThreesControlPlane " +
                                                  control_plane.name + "\n* Control plane Machines: m1");
  EXPECT_TRUE(meta::is_deleting(get(api::controlplane::kKThreesControlPlane, control_plane)));
  EXPECT_FALSE(meta::is_deleting(get(api::infrastructure::kIntelCluster, infrastructure)));

  patch(api::controlplane::kKThreesControlPlane, control_plane, "{metadata: {finalizers: null}}");
  idle();
  EXPECT_THAT(condition(cluster(), "Deleting"), testing::StartsWith("True WaitingForControlPlaneDeletion: * Control "
                                                                    "plane Machines: m1"));
  EXPECT_EQ(condition(get(words::kMachine, kMachineKey), "Deleting"),
            "True WaitingForInfrastructureDeletion: Waiting for IntelMachine m1 to be deleted");

  patch(kIntelMachine, kMachineKey, "{metadata: {finalizers: null}}");
  idle();
  EXPECT_EQ(client.get(words::kMachine, kMachineKey).error().code(), ErrorCode::kNotFound);
  EXPECT_EQ(client.get(kConfig, kMachineKey).error().code(), ErrorCode::kNotFound);
  EXPECT_EQ(condition(cluster(), "Deleting"),
            "True WaitingForInfrastructureDeletion: * IntelCluster " + infrastructure.name);

  patch(api::infrastructure::kIntelCluster, infrastructure, "{metadata: {finalizers: null}}");
  idle();
  EXPECT_EQ(client.get(words::kCluster, kKey).error().code(), ErrorCode::kNotFound);
}

TEST_F(ControllersTest, APausedClusterIsNotTouched) {
  apply(kTemplates);
  apply(kClass);
  Json paused = yaml(kClusterYaml);
  paused.at("spec").set("paused", true);
  ASSERT_TRUE(client.create(paused).has_value());
  start();
  EXPECT_EQ(condition(cluster(), "Paused"), "True Paused: Cluster spec.paused is set to true");
  EXPECT_EQ(cluster().text({"spec", "controlPlaneRef", "name"}), "");
  patch(words::kCluster, kKey, "{spec: {paused: null}}");
  idle();
  EXPECT_EQ(condition(cluster(), "Paused"), "False NotPaused");
  EXPECT_NE(cluster().text({"spec", "controlPlaneRef", "name"}), "");
}

TEST_F(ControllersTest, AForeignObjectOfTheSameNameIsNotTakenOver) {
  apply(kTemplates);
  apply(kClass);
  Json named = yaml(kClusterYaml);
  named.at("spec").set("infrastructureRef",
                       yaml("{apiVersion: infrastructure.cluster.x-k8s.io/v1alpha1, kind: IntelCluster, name: taken}"));
  apply(
      R"({apiVersion: infrastructure.cluster.x-k8s.io/v1alpha1, kind: IntelCluster, metadata: {name: taken, namespace: default}, spec: {}})");
  ASSERT_TRUE(client.create(named).has_value());
  start();
  EXPECT_EQ(condition(cluster(), "TopologyReconciled"),
            "False ReconcileFailed: IntelCluster default/taken exists and does not belong to Cluster cluster-on-emt "
            "(owners: none); delete or rename it");
}

TEST_F(ControllersTest, AClusterWithoutTopologyTakesObjectsInAnyOrder) {
  start();
  apply(R"(
apiVersion: cluster.x-k8s.io/v1beta2
kind: Cluster
metadata: {name: plain, namespace: default}
spec:
  infrastructureRef: {apiGroup: infrastructure.cluster.x-k8s.io, kind: IntelCluster, name: plain}
)");
  idle();
  const ObjectKey key{"default", "plain"};
  EXPECT_EQ(condition(get(words::kCluster, key), "InfrastructureReady"),
            "False ObjectDoesNotExist: IntelCluster does not exist");
  EXPECT_EQ(condition(get(words::kCluster, key), "TopologyReconciled"), "missing");
  apply(R"({apiVersion: infrastructure.cluster.x-k8s.io/v1alpha1, kind: IntelCluster,
            metadata: {name: plain, namespace: default}, spec: {controlPlaneEndpoint: {host: h, port: 1}}})");
  idle();
  const Json infrastructure = get(api::infrastructure::kIntelCluster, key);
  EXPECT_EQ(meta::label(infrastructure, words::kClusterNameLabel), "plain");
  ASSERT_NE(meta::owner_of_kind(infrastructure, {"cluster.x-k8s.io", "Cluster"}), nullptr);
  EXPECT_EQ(condition(get(words::kCluster, key), "InfrastructureReady"),
            "False NotReady: IntelCluster status.initialization.provisioned is false");
  // Infrastructure that never gets ready does not keep the Cluster.
  ASSERT_TRUE(client.remove(words::kCluster, key).has_value());
  idle();
  EXPECT_EQ(client.get(words::kCluster, key).error().code(), ErrorCode::kNotFound);
  EXPECT_EQ(client.get(api::infrastructure::kIntelCluster, key).error().code(), ErrorCode::kNotFound);
}

TEST_F(ControllersTest, AClusterWhoseClassNeverCameCanBeDeleted) {
  start();
  apply(kClusterYaml);
  idle();
  ASSERT_TRUE(client.remove(words::kCluster, kKey).has_value());
  idle();
  EXPECT_EQ(client.get(words::kCluster, kKey).error().code(), ErrorCode::kNotFound);
}

TEST_F(ControllersTest, LostInfrastructureIsReported) {
  apply(kTemplates);
  apply(kClass);
  apply(kClusterYaml);
  start();
  provision_infrastructure();
  make_machine();
  patch(kIntelMachine, kMachineKey, "{spec: {providerID: slipway://default/host-1}}");
  patch(kIntelMachine, kMachineKey, "{status: {initialization: {provisioned: true}}}", "status");
  idle();
  ASSERT_TRUE(client.remove(kIntelMachine, kMachineKey).has_value());
  idle();
  EXPECT_EQ(condition(get(words::kMachine, kMachineKey), "InfrastructureReady"),
            "False ObjectDeleted: IntelMachine has been deleted while the Machine still exists");
}

TEST_F(ControllersTest, ALostConnectionIsProbedSoonAgainAndThenMoreSeldom) {
  apply(kTemplates);
  apply(kClass);
  apply(kClusterYaml);
  start();
  const ObjectKey control_plane{"default", cluster().text({"spec", "controlPlaneRef", "name"})};
  patch(api::controlplane::kKThreesControlPlane, control_plane,
        "{status: {initialization: {controlPlaneInitialized: true}}}", "status");
  idle();
  EXPECT_EQ(condition(cluster(), "RemoteConnectionProbe"),
            "False ProbeFailed: Remote connection probe failed: no tunnel");
  EXPECT_EQ(workload.probes(), 1);
  manager->enqueue("cluster", kKey);
  idle();
  EXPECT_EQ(workload.probes(), 1);
  for (const auto& [wait, probes] : {std::pair{500, 2}, {999, 2}, {1, 3}}) {
    plane.clock.advance(milliseconds(wait));
    ASSERT_TRUE(control::eventually([&] { return workload.probes() >= probes; }));
    idle();
    EXPECT_EQ(workload.probes(), probes);
  }
  workload.set_node(yaml("{metadata: {name: n}}"));
  plane.clock.advance(std::chrono::seconds(2));
  ASSERT_TRUE(control::eventually([&] { return workload.probes() == 4; }));
  idle();
  EXPECT_EQ(condition(cluster(), "RemoteConnectionProbe"), "True ProbeSucceeded");
}

TEST_F(ControllersTest, AMachineWaitsForItsHooks) {
  apply(kTemplates);
  apply(kClass);
  apply(kClusterYaml);
  start();
  make_machine();
  patch(words::kMachine, kMachineKey,
        "{metadata: {annotations: {pre-terminate.delete.hook.machine.cluster.x-k8s.io/backup: x}}}");
  ASSERT_TRUE(client.remove(words::kMachine, kMachineKey).has_value());
  idle();
  EXPECT_EQ(condition(get(words::kMachine, kMachineKey), "Deleting"),
            "True WaitingForPreTerminateHook: Waiting for the annotation "
            "pre-terminate.delete.hook.machine.cluster.x-k8s.io/backup to be removed");
  EXPECT_FALSE(meta::is_deleting(get(kIntelMachine, kMachineKey)));
  patch(words::kMachine, kMachineKey, "{metadata: {annotations: null}}");
  idle();
  EXPECT_EQ(client.get(words::kMachine, kMachineKey).error().code(), ErrorCode::kNotFound);
  EXPECT_EQ(client.get(kIntelMachine, kMachineKey).error().code(), ErrorCode::kNotFound);
}

struct Refused {
  const char* change;
  const char* field;
  const char* message;  // contained
};

TEST_F(ControllersTest, AdmissionRefusesWithTheField) {
  apply(kTemplates);
  apply(kClass);
  const Refused cases[] = {
      {"{spec: {topology: {version: 1.36}}}", "spec.topology.version", ""},
      {"{spec: {topology: {version: v1.36}}}", "spec.topology.version", "version must be a valid semantic version"},
      {"{spec: {topology: {version: latest}}}", "spec.topology.version", "version must be a valid semantic version"},
      {"{spec: {topology: {variables: [{name: airgapped, value: true}]}}}", "spec.topology.variables[0].name",
       "variable is not defined"},
      {"{spec: {topology: {variables: [{name: airGapped, value: 'no'}]}}}", "spec.topology.variables[0].value",
       "boolean"},
      {"{spec: {topology: {controlPlane: {replicas: 3}}}}", "spec.topology.controlPlane.replicas",
       "exactly one server"},
      {"{spec: {topology: {workers: {machineDeployments: [{class: a, name: b}]}}}}",
       "spec.topology.workers.machineDeployments", "worker machines are not supported"},
      {"{spec: {topology: null}}", "spec", ""},
  };
  for (const Refused& test : cases) {
    const Json object = data::merge_patch(yaml(kClusterYaml), yaml(test.change));
    const auto created = client.create(object);
    ASSERT_FALSE(created.has_value()) << test.change;
    EXPECT_EQ(created.error().code(), ErrorCode::kInvalid) << test.change;
    EXPECT_THAT(created.error().message(), testing::HasSubstr(test.message)) << test.change;
    ASSERT_FALSE(created.error().fields().empty()) << created.error().message();
    EXPECT_THAT(created.error().fields()[0].field, testing::StartsWith(test.field)) << created.error().message();
  }
}

TEST_F(ControllersTest, AdmissionFillsInDefaultsAndGuardsUpdates) {
  apply(kTemplates);
  apply(kClass);
  const Json without = data::merge_patch(yaml(kClusterYaml), yaml("{spec: {topology: {variables: null}}}"));
  ASSERT_TRUE(client.create(without).has_value());
  EXPECT_EQ(cluster().get({"spec", "topology", "variables"}), yaml("[{name: airGapped, value: false}]"));
  EXPECT_EQ(steps(cluster()), (std::vector<std::string>{"created"}));
  const struct {
    const char* change;
    const char* message;
  } cases[] = {
      {"{spec: {topology: {version: v1.35.0+k3s1}}}", "version cannot be decreased"},
      {"{spec: {topology: {version: v1.38.0+k3s1}}}", "minors cannot be skipped"},
      {"{spec: {topology: null, paused: true}}", "cannot be removed"},
  };
  for (const auto& test : cases) {
    const auto patched = client.patch(words::kCluster, kKey, kube::PatchType::kMerge, yaml(test.change));
    ASSERT_FALSE(patched.has_value()) << test.change;
    EXPECT_EQ(patched.error().code(), ErrorCode::kInvalid);
    EXPECT_THAT(patched.error().message(), testing::HasSubstr(test.message));
  }
  const auto broken = client.patch(words::kClusterClass, {"default", "k3s"}, kube::PatchType::kMerge,
                                   yaml("{spec: {variables: [{name: builtin, required: true, schema: "
                                        "{openAPIV3Schema: {type: string}}}]}}"));
  ASSERT_FALSE(broken.has_value());
  EXPECT_THAT(broken.error().message(), testing::HasSubstr("\"builtin\" is a reserved name"));
}

}  // namespace
}  // namespace slipway::cluster
