#include "api/bootstrap/bootstrap.h"
#include "api/controlplane/controlplane.h"
#include "api/infrastructure/infrastructure.h"
#include "data/encoding.h"
#include "meta/conditions.h"
#include "pki/certificate.h"
#include "pki/kubeconfig.h"
#include "providers/controlplane/control_plane_controller.h"
#include "providers/controlplane/control_plane_machine.h"
#include "providers/testing.h"

// What happens to a control plane after it is up, and when somebody else has a hand in it.
namespace slipway::providers::controlplane {
namespace {

using api::bootstrap::kKThreesConfig;
using api::controlplane::kKThreesControlPlane;
using api::infrastructure::kIntelMachine;
using testing::eventually;

class ControlPlaneLifecycle : public ::testing::Test {
 protected:
  void SetUp() override {
    manager_ = control::Manager::create({.client = &plane_.client(), .clock = &clock_});
    add_control_plane_controller(*manager_, workloads_);
    ASSERT_TRUE(manager_->start());
    plane_.create(api::infrastructure::kIntelMachineTemplate, "t1", R"({"spec":{"template":{"spec":{}}}})");
    plane_.create(api::infrastructure::kIntelMachineTemplate, "t2", R"({"spec":{"template":{"spec":{}}}})");
    cluster_ = plane_.create(api::cluster::kCluster, "c1",
                             R"({"spec":{"controlPlaneEndpoint":{"host":"fd00::1","port":6442},
        "controlPlaneRef":{"apiGroup":"controlplane.cluster.x-k8s.io","kind":"KThreesControlPlane","name":"c1-cp"}}})");
    plane_.patch(api::cluster::kCluster, "c1", R"({"status":{"initialization":{"infrastructureProvisioned":true}}})",
                 "status");
    Json object = meta::make_object(kKThreesControlPlane, {"edge", "c1-cp"});
    meta::set_owner_reference(object, cluster_, true);
    meta::set_label(object, api::cluster::kClusterNameLabel, "c1");
    object.set("spec", *data::parse_json(R"({"replicas":1,"version":"v1.36.3+k3s1","machineTemplate":{
      "infrastructureRef":{"apiVersion":"infrastructure.cluster.x-k8s.io/v1alpha1","kind":"IntelMachineTemplate",
                           "name":"t1"}}})"));
    name_ = machine_name(plane_.create(std::move(object)));
    ASSERT_TRUE(eventually([&] { return !machine().is_null() && has_status("Machine", "UpToDate", "True"); }));
  }
  void TearDown() override { manager_->stop(); }

  Json machine() { return plane_.get(api::cluster::kMachine, name_); }
  bool has_status(std::string_view where, std::string_view type, std::string_view status) {
    const Json object = where == "Machine" ? machine() : plane_.get(kKThreesControlPlane, "c1-cp");
    return meta::find_condition(object, type).text({"status"}) == status;
  }
  void touch(std::string_view value) {
    plane_.patch(kKThreesControlPlane, "c1-cp",
                 std::string(R"({"metadata":{"annotations":{"touched":")").append(value).append(R"("}}})"));
  }
  pki::Kubeconfig kubeconfig() {
    const Json secret = plane_.get(kube::kSecret, "c1-kubeconfig");
    const auto text = data::base64_decode(secret.text({"data", "value"}));
    const auto parsed = pki::parse_kubeconfig(text ? *text : "");
    EXPECT_TRUE(parsed);
    return parsed ? *parsed : pki::Kubeconfig();
  }

  base::ManualClock clock_;
  testing::Plane plane_;
  testing::FakeWorkloads workloads_;
  std::unique_ptr<control::Manager> manager_;
  Json cluster_;
  std::string name_;
};

TEST_F(ControlPlaneLifecycle, KubeconfigIsRenewedAtHalfItsLife) {
  const pki::Kubeconfig first = kubeconfig();
  EXPECT_EQ(first.server, "https://[fd00::1]:6442");
  EXPECT_EQ(first.user_name, "c1-admin");
  const auto certificate = pki::read_certificate(first.client_certificate_pem);
  ASSERT_TRUE(certificate);
  EXPECT_EQ(certificate->subject.common_name, "kubernetes-admin");
  EXPECT_EQ(certificate->subject.organizations, std::vector<std::string>{"system:masters"});

  constexpr std::chrono::hours kDay{24};
  clock_.advance(180 * kDay);
  touch("too early");
  ASSERT_TRUE(eventually([&] { return manager_->is_idle(); }));
  EXPECT_EQ(kubeconfig().client_certificate_pem, first.client_certificate_pem);
  clock_.advance(5 * kDay);
  touch("now");
  ASSERT_TRUE(eventually([&] { return kubeconfig().client_certificate_pem != first.client_certificate_pem; }));
  EXPECT_EQ(kubeconfig().ca_pem, first.ca_pem);
}

TEST_F(ControlPlaneLifecycle, KubeconfigFollowsTheEndpoint) {
  plane_.patch(api::cluster::kCluster, "c1", R"({"spec":{"controlPlaneEndpoint":{"port":7443}}})");
  EXPECT_TRUE(eventually([&] { return kubeconfig().server == "https://[fd00::1]:7443"; }));
}

// The successor has the name of its predecessor, so nothing may be made for it before that is gone.
TEST_F(ControlPlaneLifecycle, ADeletedMachineIsReplacedOnceItIsGone) {
  const std::string first = meta::uid(machine());
  plane_.patch(api::cluster::kMachine, name_, R"({"metadata":{"finalizers":["test/hold"]}})");
  ASSERT_TRUE(plane_.client().remove(api::cluster::kMachine, {"edge", name_}));
  for (const auto& kind : {kIntelMachine, kKThreesConfig}) ASSERT_TRUE(plane_.client().remove(kind, {"edge", name_}));
  touch("while it goes");
  ASSERT_TRUE(eventually([&] { return manager_->is_idle(); }));
  EXPECT_TRUE(plane_.list(kIntelMachine).empty());
  EXPECT_TRUE(plane_.list(kKThreesConfig).empty());
  plane_.patch(api::cluster::kMachine, name_, R"({"metadata":{"finalizers":null}})");
  ASSERT_TRUE(eventually([&] { return !machine().is_null() && meta::uid(machine()) != first; }));
  EXPECT_EQ(plane_.list(kIntelMachine).size(), 1u);
  EXPECT_EQ(plane_.list(kKThreesConfig).size(), 1u);
}

TEST_F(ControlPlaneLifecycle, AChangeThatWouldNeedANewServerIsReported) {
  plane_.patch(kKThreesControlPlane, "c1-cp",
               R"({"spec":{"version":"v1.36.4+k3s1","kthreesConfigSpec":{"serverConfig":{"tlsSan":["x"]}},
                   "machineTemplate":{"infrastructureRef":{"name":"t2"}}}})");
  ASSERT_TRUE(eventually([&] { return has_status("Machine", "UpToDate", "False"); }));
  EXPECT_EQ(meta::find_condition(machine(), "UpToDate").text({"message"}),
            "* Version v1.36.3+k3s1, v1.36.4+k3s1 required\n"
            "* KThreesConfig " +
                name_ +
                " differs from spec.kthreesConfigSpec\n"
                "* IntelMachine " +
                name_ + " was made from t1, t2 required");
  EXPECT_TRUE(eventually([&] { return has_status("ControlPlane", "MachinesSpecUpToDate", "False"); }));
  EXPECT_EQ(plane_.list(api::cluster::kMachine).size(), 1u);
  plane_.patch(kKThreesControlPlane, "c1-cp",
               R"({"spec":{"version":"v1.36.3+k3s1","kthreesConfigSpec":null,
                   "machineTemplate":{"infrastructureRef":{"name":"t1"}}}})");
  EXPECT_TRUE(eventually([&] { return has_status("ControlPlane", "MachinesSpecUpToDate", "True"); }));
}

// A new authority would cut the running cluster off from everybody.
TEST_F(ControlPlaneLifecycle, ALostAuthorityIsReportedAndNeverMadeAnewOnceAHostHasIt) {
  const Json secret = plane_.get(kube::kSecret, "c1-cca");
  const pki::Kubeconfig before = kubeconfig();
  plane_.patch(api::cluster::kMachine, name_, R"({"spec":{"bootstrap":{"dataSecretName":"x"}}})");
  ASSERT_TRUE(eventually([&] { return manager_->is_idle(); }));
  ASSERT_TRUE(plane_.client().remove(kube::kSecret, {"edge", "c1-cca"}));
  ASSERT_TRUE(eventually([&] { return has_status("ControlPlane", "CertificatesAvailable", "False"); }));
  EXPECT_TRUE(plane_.get(kube::kSecret, "c1-cca").is_null());
  EXPECT_EQ(kubeconfig().client_certificate_pem, before.client_certificate_pem);

  Json restored = meta::make_object(kube::kSecret, {"edge", "c1-cca"});
  restored.set("data", secret["data"]);
  plane_.create(std::move(restored));
  EXPECT_TRUE(eventually([&] {
    clock_.advance(std::chrono::milliseconds(100));
    return has_status("ControlPlane", "CertificatesAvailable", "True");
  }));
}

TEST_F(ControlPlaneLifecycle, ALostKubeconfigIsMadeAgain) {
  ASSERT_TRUE(plane_.client().remove(kube::kSecret, {"edge", "c1-kubeconfig"}));
  EXPECT_TRUE(eventually([&] { return !plane_.get(kube::kSecret, "c1-kubeconfig").is_null(); }));
}

TEST_F(ControlPlaneLifecycle, MetadataAndTimeoutsFollowInPlace) {
  const std::string uid = meta::uid(machine());
  plane_.patch(kKThreesControlPlane, "c1-cp",
               R"({"spec":{"machineTemplate":{"metadata":{"labels":{"site":"b"},"annotations":{"note":"n"}},
                   "nodeDrainTimeout":"2m"}}})");
  ASSERT_TRUE(eventually([&] { return machine().get({"spec", "deletion", "nodeDrainTimeoutSeconds"}) == Json(120); }));
  EXPECT_EQ(meta::uid(machine()), uid);
  for (const auto& kind : {api::cluster::kMachine, kIntelMachine, kKThreesConfig}) {
    EXPECT_EQ(meta::label(plane_.get(kind, name_), "site"), "b") << kind.kind;
    EXPECT_EQ(meta::annotation(plane_.get(kind, name_), "note"), "n") << kind.kind;
  }
  EXPECT_TRUE(has_status("Machine", "UpToDate", "True"));
}

TEST_F(ControlPlaneLifecycle, APauseHoldsEverything) {
  plane_.patch(api::cluster::kCluster, "c1", R"({"spec":{"paused":true}})");
  ASSERT_TRUE(eventually([&] { return has_status("ControlPlane", "Paused", "True"); }));
  ASSERT_TRUE(plane_.client().remove(api::cluster::kMachine, {"edge", name_}));
  touch("while paused");
  ASSERT_TRUE(eventually([&] { return manager_->is_idle(); }));
  EXPECT_TRUE(machine().is_null());
  plane_.patch(api::cluster::kCluster, "c1", R"({"spec":{"paused":false}})");
  EXPECT_TRUE(eventually([&] { return !machine().is_null(); }));
  EXPECT_TRUE(eventually([&] { return has_status("ControlPlane", "Paused", "False"); }));
}

TEST_F(ControlPlaneLifecycle, DeletionWaitsForTheMachineAndSaysSo) {
  plane_.patch(api::cluster::kMachine, name_, R"({"metadata":{"finalizers":["test/hold"]}})");
  ASSERT_TRUE(plane_.client().remove(kKThreesControlPlane, {"edge", "c1-cp"}));
  ASSERT_TRUE(eventually([&] { return meta::is_deleting(machine()); }));
  ASSERT_TRUE(eventually([&] { return has_status("ControlPlane", "Deleting", "True"); }));
  EXPECT_NE(meta::find_condition(plane_.get(kKThreesControlPlane, "c1-cp"), "Deleting").text({"message"}).find(name_),
            std::string::npos);
  plane_.patch(api::cluster::kMachine, name_, R"({"metadata":{"finalizers":null}})");
  EXPECT_TRUE(eventually([&] { return plane_.get(kKThreesControlPlane, "c1-cp").is_null(); }));
  ASSERT_FALSE(workloads_.forgotten().empty());
  EXPECT_EQ(workloads_.forgotten().front(), (meta::ObjectKey{"edge", "c1"}));
}

}  // namespace
}  // namespace slipway::providers::controlplane
