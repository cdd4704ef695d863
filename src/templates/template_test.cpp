#include <gtest/gtest.h>

#include "data/json_text.h"
#include "meta/object.h"
#include "templates/cluster_class.h"
#include "templates/default_template.h"
#include "templates/plan_cluster.h"
#include "templates/template_admission.h"

namespace slipway::templates {
namespace {

Json host(std::string_view status, std::string_view spec = R"({"uuid":"6f1b2c3d-0000-4000-8000-000000000001"})") {
  return Json::object({{"metadata", Json::object({{"name", "edge-1"}, {"namespace", "default"}})},
                       {"spec", *data::parse_json(spec)},
                       {"status", *data::parse_json(status)}});
}

constexpr std::string_view kWithK3s =
    R"({"phase":"Provisioned","kubernetes":{"distribution":"k3s","version":"v1.36.3+k3s1","embedded":true}})";

TEST(PlanCluster, TakesAirGappedAndVersionFromTheHost) {
  const Json cluster_template = default_cluster_template("default");
  const auto plan =
      plan_cluster({.name = "site-1", .ns = "default", .cluster_template = cluster_template, .host = host(kWithK3s)});
  ASSERT_TRUE(plan) << plan.error().message();
  EXPECT_EQ(plan->cluster.text({"spec", "topology", "version"}), "v1.36.3+k3s1");
  EXPECT_EQ(data::to_json(plan->cluster.get({"spec", "topology", "variables"})),
            R"([{"name":"airGapped","value":true}])");
  EXPECT_EQ(plan->binding.text({"spec", "nodeGUID"}), "6f1b2c3d-0000-4000-8000-000000000001");
  EXPECT_EQ(plan->binding.text({"spec", "intelMachineTemplateName"}), machine_template_name(cluster_template));

  const auto download = plan_cluster({.name = "site-1",
                                      .ns = "default",
                                      .cluster_template = cluster_template,
                                      .host = host(R"({"phase":"Provisioned"})")});
  ASSERT_TRUE(download);
  EXPECT_EQ(data::to_json(download->cluster.get({"spec", "topology", "variables"})),
            R"([{"name":"airGapped","value":false}])");
  EXPECT_EQ(download->cluster.text({"spec", "topology", "version"}), kDefaultKubernetesVersion);
}

TEST(PlanCluster, RefusesWithWhatToDo) {
  struct Row {
    std::string_view status, spec, message;
  };
  Json old_template = default_cluster_template("default");
  for (const Row& row :
       {Row{R"({"phase":"Registered"})", "{}", "is Registered, not Provisioned"},
        Row{kWithK3s, R"({"authorized":false})", "is deauthorized"},
        Row{kWithK3s, R"({"consumerRef":{"kind":"IntelMachine","name":"m"}})", "in use by IntelMachine 'm'"},
        Row{R"({"phase":"Provisioned","kubernetes":{"distribution":"k3s","version":"v1.35.0+k3s1","embedded":true}})",
            "{}", "choose a template for v1.35"}}) {
    const auto plan = plan_cluster(
        {.name = "site-1", .ns = "default", .cluster_template = old_template, .host = host(row.status, row.spec)});
    ASSERT_FALSE(plan) << row.status;
    EXPECT_NE(plan.error().message().find(row.message), std::string::npos) << plan.error().message();
    EXPECT_NE(plan.error().message().find("edge-1"), std::string::npos);
  }
}

TEST(ClusterClass, RendersOwnedObjectsWithTheVariable) {
  const auto objects = render_cluster_class(default_cluster_template("default"));
  ASSERT_TRUE(objects) << objects.error().message();
  ASSERT_EQ(objects->size(), 4u);
  for (const Json& object : *objects) EXPECT_NE(meta::controller_reference(object), nullptr);
  EXPECT_EQ((*objects)[0].text({"spec", "template", "spec", "kthreesConfigSpec", "serverConfig", "clusterCidr"}),
            "10.45.0.0/16");
  const Json& spec = (*objects)[3]["spec"];
  EXPECT_EQ(spec["variables"].items()[0].text({"name"}), "airGapped");
  EXPECT_EQ(
      spec["patches"].items()[0]["definitions"].items()[0]["jsonPatches"].items()[0].text({"valueFrom", "variable"}),
      "airGapped");
}

TEST(ClusterClass, NamesTheFieldThatIsWrong) {
  struct Row {
    std::string_view field;
    Json value;
  };
  for (const Row& row : {Row{"controlPlaneProviderType", "kubeadm"}, Row{"infraProviderType", "docker"},
                         Row{"kubernetesVersion", "newest"}, Row{"clusterConfiguration", "{"},
                         Row{"clusterConfiguration", R"({"kind":"Other"})"}, Row{"clusterConfiguration", "{}"}}) {
    Json cluster_template = default_cluster_template("default");
    cluster_template.at("spec").set(row.field, row.value);
    const auto objects = render_cluster_class(cluster_template);
    ASSERT_FALSE(objects);
    ASSERT_EQ(objects.error().fields().size(), 1u);
    EXPECT_EQ(objects.error().fields()[0].field, "spec." + std::string(row.field));
  }
}

TEST(ClusterClass, LetterCaseOfFieldsDoesNotMatter) {
  Json cluster_template = default_cluster_template("default");
  cluster_template.at("spec").set(
      "clusterConfiguration",
      R"({"spec":{"template":{"spec":{"kthreesConfigSpec":{"serverconfig":{"kubeApiServerArg":["a=b"],"tlssan":["n"]},
          "AgentConfig":{"airgapped":true},"preK3sCommands":["true"]}}}}})");
  const auto objects = render_cluster_class(cluster_template);
  ASSERT_TRUE(objects) << objects.error().message();
  const Json& kthrees = (*objects)[0].get({"spec", "template", "spec", "kthreesConfigSpec"});
  EXPECT_EQ(kthrees.get({"serverConfig", "kubeAPIServerArg"}), Json::array({"a=b"}));
  EXPECT_EQ(kthrees.get({"serverConfig", "tlsSan"}), Json::array({"n"}));
  EXPECT_EQ(kthrees.get({"agentConfig", "airGapped"}), Json(true));
  EXPECT_FALSE(kthrees.contains("serverconfig"));
}

TEST(TemplateAdmission, RefusesWhatCannotWorkAndAnyChange) {
  registry::ResourceInfo resource;
  resource.group = "edge-orchestrator.intel.com";
  resource.kind = "ClusterTemplate";
  const auto admission = cluster_template_admission();
  Json good = default_cluster_template("default");
  registry::AdmissionRequest created{resource, nullptr, good, ""};
  EXPECT_TRUE(admission(created));
  for (const std::string_view block : {"10.45.0.0", "10.45.0.0/33", "10.45.0/16", "x/1", "fd00::/129"}) {
    Json bad = good;
    bad.at({"spec", "clusterNetwork", "pods"}).set("cidrBlocks", Json::array({block}));
    registry::AdmissionRequest request{resource, nullptr, bad, ""};
    const auto refused = admission(request);
    ASSERT_FALSE(refused) << block;
    EXPECT_EQ(refused.error().fields()[0].field, "spec.clusterNetwork.pods.cidrBlocks");
  }
  Json labelled = good;
  meta::set_label(labelled, "default", "false");
  registry::AdmissionRequest relabel{resource, &good, labelled, ""};
  EXPECT_TRUE(admission(relabel));
  labelled.at("spec").set("kubernetesVersion", "v1.37.0+k3s1");
  registry::AdmissionRequest change{resource, &good, labelled, ""};
  const auto refused = admission(change);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message().find("does not change"), std::string::npos) << refused.error().message();
}

}  // namespace
}  // namespace slipway::templates
