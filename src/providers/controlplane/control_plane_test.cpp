#include "api/bootstrap/bootstrap.h"
#include "api/cluster/timeline.h"
#include "api/controlplane/controlplane.h"
#include "api/infrastructure/infrastructure.h"
#include "data/encoding.h"
#include "meta/conditions.h"
#include "pki/kubeconfig.h"
#include "providers/controlplane/admission.h"
#include "providers/controlplane/control_plane_controller.h"
#include "providers/controlplane/control_plane_machine.h"
#include "providers/controlplane/control_plane_status.h"
#include "providers/testing.h"

namespace slipway::providers::controlplane {
namespace {

using api::bootstrap::kKThreesConfig;
using api::controlplane::kKThreesControlPlane;
using api::infrastructure::kIntelMachine;
using testing::eventually;

class ControlPlaneTest : public ::testing::Test {
 protected:
  void SetUp() override {
    add_admissions(plane_.registry());
    start_manager();
    plane_.create(api::infrastructure::kIntelMachineTemplate, "t1",
                  R"({"spec":{"template":{"metadata":{"labels":{"from":"template"}},"spec":{}}}})");
    cluster_ = plane_.create(api::cluster::kCluster, "c1",
                             R"({"spec":{"controlPlaneEndpoint":{"host":"10.0.0.5","port":6442},
        "controlPlaneRef":{"apiGroup":"controlplane.cluster.x-k8s.io","kind":"KThreesControlPlane","name":"c1-cp"}}})");
  }
  void TearDown() override { manager_->stop(); }

  void start_manager() {
    manager_ = control::Manager::create({.client = &plane_.client()});
    add_control_plane_controller(*manager_, workloads_, {.starting_pause = std::chrono::milliseconds(5)});
    ASSERT_TRUE(manager_->start());
  }
  Json control_plane_object() {
    Json object = meta::make_object(kKThreesControlPlane, {"edge", "c1-cp"});
    meta::set_owner_reference(object, cluster_, true);
    meta::set_label(object, api::cluster::kClusterNameLabel, "c1");
    object.set("spec",
               *data::parse_json(R"({"version":"v1.36.3+k3s1","kthreesConfigSpec":{"agentConfig":{"airGapped":true}},
      "machineTemplate":{"metadata":{"labels":{"site":"a"}},"nodeDrainTimeout":"1m30s","infrastructureRef":{
        "apiVersion":"infrastructure.cluster.x-k8s.io/v1alpha1","kind":"IntelMachineTemplate","name":"t1"}}})"));
    return object;
  }
  void infrastructure_is_ready() {
    plane_.patch(api::cluster::kCluster, "c1", R"({"status":{"initialization":{"infrastructureProvisioned":true}}})",
                 "status");
  }
  Json control_plane() { return plane_.get(kKThreesControlPlane, "c1-cp"); }
  std::string condition(std::string_view type) {
    const Json object = control_plane();
    const Json& found = meta::find_condition(object, type);
    return found.text({"status"}) + " " + found.text({"message"});
  }

  testing::Plane plane_;
  testing::FakeWorkloads workloads_;
  std::unique_ptr<control::Manager> manager_;
  Json cluster_;
};

TEST_F(ControlPlaneTest, FromNothingToReadyAndAway) {
  plane_.create(control_plane_object());
  ASSERT_TRUE(eventually([&] { return condition("Available").find("no infrastructure yet") != std::string::npos; }));
  infrastructure_is_ready();
  ASSERT_TRUE(eventually([&] { return plane_.list(api::cluster::kMachine).size() == 1; }));
  const Json machine = *plane_.list(api::cluster::kMachine)[0];
  const std::string name = meta::name(machine);
  EXPECT_EQ(name, machine_name(control_plane()));
  EXPECT_EQ(machine.text({"spec", "version"}), "v1.36.3+k3s1");
  EXPECT_EQ(machine.get({"spec", "deletion", "nodeDrainTimeoutSeconds"}), Json(90));
  EXPECT_EQ(meta::label(machine, "site"), "a");
  EXPECT_TRUE(machine.get({"metadata", "labels"}).contains(api::cluster::kControlPlaneLabel));
  const Json infra = plane_.get(kIntelMachine, name);
  EXPECT_EQ(meta::annotation(infra, "cluster.x-k8s.io/cloned-from-name"), "t1");
  EXPECT_EQ(meta::annotation(infra, "cluster.x-k8s.io/cloned-from-groupkind"),
            "IntelMachineTemplate.infrastructure.cluster.x-k8s.io");
  EXPECT_EQ(meta::label(infra, "from"), "template");
  EXPECT_EQ(plane_.get(kKThreesConfig, name).get({"spec", "agentConfig", "airGapped"}), Json(true));

  for (const char* purpose : {"c1-ca", "c1-cca", "c1-etcd", "c1-token"})
    EXPECT_FALSE(plane_.get(kube::kSecret, purpose).is_null()) << purpose;
  const Json secret = plane_.get(kube::kSecret, "c1-kubeconfig");
  EXPECT_EQ(secret.text({"type"}), "cluster.x-k8s.io/secret");
  const auto kubeconfig = pki::parse_kubeconfig(*data::base64_decode(secret.text({"data", "value"})));
  ASSERT_TRUE(kubeconfig);
  EXPECT_EQ(kubeconfig->server, "https://10.0.0.5:6442");
  EXPECT_EQ(kubeconfig->tls_server_name, "c1.edge.clusters.slipway.internal");

  // The API answers, the Node is not Ready, then it is.
  plane_.patch(api::cluster::kMachine, name,
               R"({"spec":{"providerID":"slipway://edge/h1","bootstrap":{"dataSecretName":"x"}}})");
  workloads_.answer(Json::array({testing::node("slipway://edge/h1", false)}));
  ASSERT_TRUE(eventually(
      [&] { return control_plane().get({"status", "initialization", "controlPlaneInitialized"}).bool_or(false); }));
  EXPECT_NE(condition("Available").find("no control-plane Node is Ready yet"), std::string::npos);
  workloads_.answer(Json::array({testing::node("slipway://edge/h1", true)}));
  ASSERT_TRUE(eventually([&] { return condition("Available") == "True "; })) << condition("Available");
  const Json status = control_plane()["status"];
  for (const char* field : {"replicas", "readyReplicas", "availableReplicas", "upToDateReplicas"})
    EXPECT_EQ(status[field], Json(1)) << field;
  EXPECT_EQ(status.text({"version"}), "v1.36.3+k3s1");
  EXPECT_EQ(status["ready"], Json(true));
  ASSERT_TRUE(eventually([&] {
    for (const auto& step : api::cluster::read_timeline(plane_.get(api::cluster::kCluster, "c1")))
      if (step.name == "nodeReady") return true;
    return false;
  }));

  // Lost again: it stays initialized, but nobody may say it is available.
  workloads_.answer(std::nullopt);
  EXPECT_TRUE(eventually([&] { return condition("Available") == "False the host is not connected"; }))
      << condition("Available");
  fprintf(stderr, "%s\n", data::to_json(control_plane()).c_str());
  EXPECT_EQ(condition("Initialized"), "True ");

  ASSERT_TRUE(plane_.client().remove(kKThreesControlPlane, {"edge", "c1-cp"}));
  ASSERT_TRUE(eventually([&] { return control_plane().is_null(); }));
  EXPECT_TRUE(plane_.list(api::cluster::kMachine).empty());
  EXPECT_FALSE(workloads_.forgotten().empty());
}

// Whatever subset of the objects an interrupted pass left: the next one completes it and makes nothing twice.
TEST_F(ControlPlaneTest, CompletesWhatAnInterruptedPassLeft) {
  for (int present = 0; present < 8; ++present) {
    manager_->stop();
    const Json made = plane_.create(control_plane_object());
    infrastructure_is_ready();
    const Json infra_template = plane_.get(api::infrastructure::kIntelMachineTemplate, "t1");
    const Json infra = *infrastructure_machine(made, cluster_, infra_template);
    if (present & 1) plane_.create(infra);
    if (present & 2) plane_.create(bootstrap_config(made, cluster_));
    if (present & 4) plane_.create(*machine(made, cluster_, infra));
    start_manager();
    ASSERT_TRUE(eventually([&] { return control_plane().get({"status", "replicas"}).integer_or(0) == 1; })) << present;
    if (!(present & 4)) {
      EXPECT_EQ(plane_.list(kIntelMachine).size(), 1u) << present;
      EXPECT_EQ(plane_.list(kKThreesConfig).size(), 1u) << present;
    }
    EXPECT_EQ(plane_.list(api::cluster::kMachine).size(), 1u) << present;
    ASSERT_TRUE(plane_.client().remove(kKThreesControlPlane, {"edge", "c1-cp"}));
    ASSERT_TRUE(eventually([&] { return control_plane().is_null(); }));
    for (const auto& object : plane_.list(kIntelMachine))
      ASSERT_TRUE(plane_.client().remove(kIntelMachine, meta::key_of(*object)));
    for (const auto& object : plane_.list(kKThreesConfig))
      ASSERT_TRUE(plane_.client().remove(kKThreesConfig, meta::key_of(*object)));
  }
}

TEST_F(ControlPlaneTest, MissingTemplateIsSaidAndHeals) {
  infrastructure_is_ready();
  Json object = control_plane_object();
  object.at({"spec", "machineTemplate", "infrastructureRef"}).set("name", "t2");
  plane_.create(std::move(object));
  ASSERT_TRUE(eventually([&] { return condition("Available").find("t2") != std::string::npos; }))
      << condition("Available");
  plane_.patch(kKThreesControlPlane, "c1-cp", R"({"spec":{"machineTemplate":{"infrastructureRef":{"name":"t1"}}}})");
  EXPECT_TRUE(eventually([&] { return plane_.list(api::cluster::kMachine).size() == 1; }));
}

TEST_F(ControlPlaneTest, CertificatesOfTheUserAreKeptAndBrokenOnesNamed) {
  plane_.create(kube::kSecret, "c1-ca", R"({"data":{"tls.crt":"eA==","tls.key":"eA=="}})");
  infrastructure_is_ready();
  plane_.create(control_plane_object());
  ASSERT_TRUE(eventually([&] { return condition("CertificatesAvailable").find("False Secret 'edge/c1-ca'") == 0; }))
      << condition("CertificatesAvailable");
  EXPECT_TRUE(plane_.list(api::cluster::kMachine).empty());
}

TEST_F(ControlPlaneTest, AdmissionSetsReplicasAsksForNoCloudProviderAndRefuses) {
  const Json made = plane_.create(control_plane_object());
  fprintf(stderr, "%s\n", data::to_json(made).c_str());
  EXPECT_EQ(made.get({"spec", "replicas"}), Json(1));
  EXPECT_FALSE(made.get({"spec", "kthreesConfigSpec"}).contains("serverConfig"));
  for (const auto& [patch, field] :
       std::vector<std::pair<std::string_view, std::string>>{{R"({"spec":{"replicas":0}})", "spec.replicas"},
                                                             {R"({"spec":{"replicas":3}})", "spec.replicas"},
                                                             {R"({"spec":{"version":"1"}})", "spec.version"}}) {
    const auto refused = plane_.client().patch(kKThreesControlPlane, {"edge", "c1-cp"}, registry::PatchType::kMerge,
                                               *data::parse_json(patch));
    ASSERT_FALSE(refused) << patch;
    EXPECT_NE(refused.error().message().find(field), std::string::npos) << refused.error().message();
  }
}

TEST(ControlPlaneMachine, NamesAreStableAndFit) {
  const auto named = [](const std::string& name, const std::string& uid) {
    return machine_name(Json::object({{"metadata", Json::object({{"name", name}, {"uid", uid}})}}));
  };
  EXPECT_EQ(named("cp", "a"), named("cp", "a"));
  EXPECT_NE(named("cp", "a"), named("cp", "b"));
  EXPECT_EQ(named("cp", "a").size(), 8u);
  EXPECT_EQ(named(std::string(63, 'x'), "a").size(), 63u);
}

}  // namespace
}  // namespace slipway::providers::controlplane
