#include "api/bootstrap/bootstrap.h"

#include "cloudinit/document.h"
#include "data/encoding.h"
#include "meta/conditions.h"
#include "providers/bootstrap/bootstrap_controller.h"
#include "providers/bootstrap/cluster_secrets.h"
#include "providers/testing.h"

namespace slipway::providers::bootstrap {
namespace {

using api::bootstrap::kKThreesConfig;
using testing::eventually;

class KThreesConfigTest : public ::testing::Test {
 protected:
  void SetUp() override {
    manager_ = control::Manager::create({.client = &plane_.client()});
    add_kthrees_config_controller(*manager_);
    ASSERT_TRUE(manager_->start());
    cluster_ = plane_.create(api::cluster::kCluster, "c1",
                             R"({"spec":{"controlPlaneEndpoint":{"host":"10.0.0.5","port":6442}}})");
  }
  void TearDown() override { manager_->stop(); }

  void make_machine(const std::string& name, std::string_view config_spec = R"({"agentConfig":{"airGapped":true}})") {
    Json machine = meta::make_object(api::cluster::kMachine, {"edge", name});
    meta::set_label(machine, api::cluster::kClusterNameLabel, "c1");
    meta::set_label(machine, api::cluster::kControlPlaneLabel, "");
    machine.set("spec", *data::parse_json(R"({"clusterName":"c1","version":"v1.36.3+k3s1",
      "bootstrap":{"configRef":{"apiGroup":"bootstrap.cluster.x-k8s.io","kind":"KThreesConfig","name":")" +
                                          name + R"("}},
      "infrastructureRef":{"apiGroup":"infrastructure.cluster.x-k8s.io","kind":"IntelMachine","name":")" +
                                          name + R"("}})"));
    const Json made = plane_.create(std::move(machine));
    Json config = meta::make_object(kKThreesConfig, {"edge", name});
    meta::set_label(config, api::cluster::kClusterNameLabel, "c1");
    meta::set_owner_reference(config, made, true);
    config.set("spec", *data::parse_json(config_spec));
    plane_.create(std::move(config));
  }
  void infrastructure_is_ready() {
    plane_.patch(api::cluster::kCluster, "c1", R"({"status":{"initialization":{"infrastructureProvisioned":true}}})",
                 "status");
  }
  std::string message(const std::string& name) {
    return meta::find_condition(plane_.get(kKThreesConfig, name), "DataSecretAvailable").text({"message"});
  }
  bool created(const std::string& name) {
    return plane_.get(kKThreesConfig, name).get({"status", "initialization", "dataSecretCreated"}).bool_or(false);
  }

  testing::Plane plane_;
  std::unique_ptr<control::Manager> manager_;
  Json cluster_;
};

TEST_F(KThreesConfigTest, WritesTheSecretOnce) {
  make_machine("m1");
  ASSERT_TRUE(eventually([&] { return message("m1").find("no infrastructure yet") != std::string::npos; }));
  EXPECT_TRUE(plane_.get(kube::kSecret, "m1").is_null());
  infrastructure_is_ready();
  ASSERT_TRUE(eventually([&] { return created("m1"); })) << message("m1");
  const Json config = plane_.get(kKThreesConfig, "m1");
  EXPECT_EQ(config.text({"status", "dataSecretName"}), "m1");
  EXPECT_TRUE(meta::is_condition_true(config, "Ready"));
  EXPECT_TRUE(meta::is_condition_true(config, "CertificatesAvailable"));
  const Json secret = plane_.get(kube::kSecret, "m1");
  EXPECT_EQ(secret.text({"type"}), "cluster.x-k8s.io/secret");
  const auto document = cloudinit::parse(*data::base64_decode(secret.text({"data", "value"})));
  ASSERT_TRUE(document) << document.error().message();
  EXPECT_NE(document->run_commands[0].line.find("INSTALL_K3S_SKIP_DOWNLOAD=true"), std::string::npos);
  // A later change of the spec must not change what a host may be running.
  plane_.patch(kKThreesConfig, "m1", R"({"spec":{"agentConfig":{"airGapped":false}}})");
  ASSERT_TRUE(eventually([&] { return manager_->is_idle(); }));
  EXPECT_EQ(plane_.get(kube::kSecret, "m1").text({"data", "value"}), secret.text({"data", "value"}));
}

TEST_F(KThreesConfigTest, FilesFromSecretsHealWhenTheSecretComes) {
  infrastructure_is_ready();
  make_machine("m1", R"({"files":[{"path":"/etc/a","contentFrom":{"secret":{"name":"source","key":"k"}}}]})");
  ASSERT_TRUE(eventually([&] { return message("m1").find("spec.files[0] '/etc/a'") != std::string::npos; }))
      << message("m1");
  plane_.create(kube::kSecret, "source", R"({"data":{"k":"aGVsbG8="}})");
  ASSERT_TRUE(eventually([&] { return created("m1"); })) << message("m1");
  const auto document = cloudinit::parse(*data::base64_decode(plane_.get(kube::kSecret, "m1").text({"data", "value"})));
  EXPECT_EQ(document->files[6].content, "hello");
}

TEST_F(KThreesConfigTest, OneServerPerCluster) {
  infrastructure_is_ready();
  make_machine("m1");
  ASSERT_TRUE(eventually([&] { return created("m1"); }));
  make_machine("m2");
  ASSERT_TRUE(eventually([&] {
    return message("m2").find("machine 'm1' is already the one server") != std::string::npos;
  })) << message("m2");
  EXPECT_FALSE(created("m2"));
}

TEST_F(KThreesConfigTest, SaysWhatIsWrongWithTheSpec) {
  infrastructure_is_ready();
  make_machine("m1", R"({"files":[{"path":"etc/a","content":"x"}]})");
  ASSERT_TRUE(eventually([&] { return message("m1").find("must be absolute") != std::string::npos; })) << message("m1");
  plane_.patch(kKThreesConfig, "m1", R"({"spec":{"files":[{"path":"/etc/a","content":"x"}]}})");
  ASSERT_TRUE(eventually([&] { return created("m1"); })) << message("m1");
}

}  // namespace
}  // namespace slipway::providers::bootstrap
