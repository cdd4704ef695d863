#include "templates/template_controller.h"

#include <gtest/gtest.h>
#include <thread>

#include "api/cluster/cluster.h"
#include "api/controlplane/controlplane.h"
#include "api/embedded_crds.h"
#include "api/infrastructure/infrastructure.h"
#include "api/templates/templates.h"
#include "data/json_text.h"
#include "data/yaml.h"
#include "kube/local_client.h"
#include "meta/conditions.h"
#include "store/memory/memory_store.h"
#include "templates/default_template.h"

namespace slipway::templates {
namespace {

using data::Json;
using meta::Gvk;

class TemplateController : public testing::Test {
 protected:
  void SetUp() override {
    for (const api::EmbeddedFile& file : api::embedded_crds())
      ASSERT_TRUE(registry_.add_crd(*data::parse_yaml(file.content()))) << file.name();
    manager_ = control::Manager::create({.client = &client_});
    add_template_controller(*manager_);
    add_default_template_controller(*manager_);
    ASSERT_TRUE(manager_->start());
    ASSERT_TRUE(client_.create(meta::make_object(kube::kNamespace, {"", "edge"})));
  }
  void TearDown() override { manager_->stop(); }

  Json get(const Gvk& gvk, const std::string& name) {
    const auto found = client_.get(gvk, {"edge", name});
    return found ? **found : Json();
  }
  bool eventually(const std::function<bool()>& condition) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!condition()) {
      if (std::chrono::steady_clock::now() > end) return false;
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    return true;
  }

  std::unique_ptr<store::Store> store_ = store::make_memory_store();
  registry::Registry registry_{*store_, {}};
  kube::LocalClient local_{registry_};
  kube::Client& client_ = local_;
  std::unique_ptr<control::Manager> manager_;
};

TEST_F(TemplateController, EveryProjectGetsTheDefaultTemplateOnce) {
  ASSERT_TRUE(eventually([&] {
    return get(api::templates::kClusterTemplate, kDefaultTemplateName).get({"status", "ready"}).bool_or(false);
  }));
  const Json made = get(api::templates::kClusterTemplate, kDefaultTemplateName);
  EXPECT_EQ(made.text({"status", "clusterClassRef", "name"}), kDefaultTemplateName);
  for (const auto type : {api::templates::condition::kControlPlaneTemplateCreated,
                          api::templates::condition::kControlPlaneMachineTemplateCreated,
                          api::templates::condition::kInfraProviderClusterTemplateCreated,
                          api::templates::condition::kClusterClassCreated, api::templates::condition::kReady})
    EXPECT_TRUE(meta::is_condition_true(made, type)) << type;
  EXPECT_FALSE(get(api::cluster::kClusterClass, kDefaultTemplateName).is_null());
  EXPECT_FALSE(get(api::controlplane::kKThreesControlPlaneTemplate, kDefaultTemplateName).is_null());

  // An administrator who removes it is not given it again.
  ASSERT_TRUE(client_.remove(api::templates::kClusterTemplate, {"edge", kDefaultTemplateName}));
  ASSERT_TRUE(eventually([&] { return get(api::templates::kClusterTemplate, kDefaultTemplateName).is_null(); }));
  ASSERT_TRUE(eventually([&] { return manager_->is_idle(); }));
  EXPECT_TRUE(get(api::templates::kClusterTemplate, kDefaultTemplateName).is_null());
}

TEST_F(TemplateController, StaysWhileAClusterUsesIt) {
  ASSERT_TRUE(eventually([&] { return !get(api::cluster::kClusterClass, kDefaultTemplateName).is_null(); }));
  Json cluster = meta::make_object(api::cluster::kCluster, {"edge", "c1"});
  cluster.set("spec", *data::parse_json(std::string(R"({"topology":{"version":"v1.36.3+k3s1","classRef":{"name":")") +
                                        kDefaultTemplateName + R"("}}})"));
  ASSERT_TRUE(client_.create(std::move(cluster)));
  ASSERT_TRUE(eventually([&] { return manager_->is_idle(); }));
  ASSERT_TRUE(client_.remove(api::templates::kClusterTemplate, {"edge", kDefaultTemplateName}));
  ASSERT_TRUE(eventually([&] {
    const Json found = get(api::templates::kClusterTemplate, kDefaultTemplateName);
    return meta::find_condition(found, "Ready").text({"message"}).find("no cluster uses it: c1") != std::string::npos;
  }));
  ASSERT_TRUE(client_.remove(api::cluster::kCluster, {"edge", "c1"}));
  EXPECT_TRUE(eventually([&] { return get(api::templates::kClusterTemplate, kDefaultTemplateName).is_null(); }));
}

TEST_F(TemplateController, SaysWhatIsWrong) {
  Json wrong = default_cluster_template("edge");
  wrong.at("metadata").set("name", "wrong-v1.0.0");
  wrong.at("spec").set("clusterConfiguration", "{");
  ASSERT_TRUE(client_.create(std::move(wrong)));
  EXPECT_TRUE(eventually([&] {
    const Json found = get(api::templates::kClusterTemplate, "wrong-v1.0.0");
    return meta::find_condition(found, "Ready").text({"message"}).find("spec.clusterConfiguration") !=
           std::string::npos;
  }));
}

}  // namespace
}  // namespace slipway::templates
