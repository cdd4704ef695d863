#include "apiserver/authorization/role_aggregation.h"

#include <gmock/gmock.h>

#include "apiserver/authorization/default_policy.h"
#include "apiserver/test_door.h"

namespace slipway::apiserver {
namespace {

using ::testing::Contains;
using ::testing::Not;

meta::ObjectPtr object(std::string_view text) {
  return std::make_shared<const Json>(json(text));
}

TEST(Aggregation, CollectsEachRuleOnceByName) {
  const std::vector<meta::ObjectPtr> roles{
      object(R"({"metadata": {"name": "b", "labels": {"x": "y"}}, "rules": [{"verbs": ["b"]}, {"verbs": ["a"]}]})"),
      object(R"({"metadata": {"name": "a", "labels": {"x": "y"}}, "rules": [{"verbs": ["a"]}]})"),
      object(R"({"metadata": {"name": "c", "labels": {"x": "z"}}, "rules": [{"verbs": ["c"]}]})"),
      object(R"({"metadata": {"name": "all", "labels": {"x": "y"}}, "rules": [{"verbs": ["own"]}],
                 "aggregationRule": {"clusterRoleSelectors": [{"matchLabels": {"x": "y"}}]}})")};
  const auto filled = aggregated(*roles[3], roles);
  ASSERT_TRUE(filled);
  EXPECT_EQ((*filled)["rules"], json(R"([{"verbs": ["a"]}, {"verbs": ["b"]}])"));
  EXPECT_FALSE(aggregated(*filled, roles));
  EXPECT_FALSE(aggregated(*roles[0], roles));
}

TEST(Aggregation, RolesThatCollectFromEachOtherSettle) {
  registry::TestRegistry test;
  const auto resource = test.registry.catalog().find("rbac.authorization.k8s.io", "v1", "clusterroles");
  for (const char* name : {"a", "b"}) {
    Json role = meta::make_object(resource->gvk(), {"", name});
    meta::set_label(role, "collect", "me");
    role.set("aggregationRule", json(R"({"clusterRoleSelectors": [{"matchLabels": {"collect": "me"}}]})"));
    if (name[0] == 'a') role.set("rules", json(R"([{"verbs": ["get"], "nonResourceURLs": ["/a"]}])"));
    ASSERT_TRUE(test.registry.create(*resource, role));
  }
  ASSERT_TRUE(aggregate_roles(test.registry));
  const store::Revision before = test.store->revision();
  ASSERT_TRUE(aggregate_roles(test.registry));
  EXPECT_EQ(test.store->revision(), before);
}

struct ReconcileRow {
  std::string_view present, expected, result;  // result "" = stays as it is
};

class Reconcile : public testing::TestWithParam<ReconcileRow> {};

TEST_P(Reconcile, AddsWhatIsMissing) {
  const auto result = reconciled(json(GetParam().present), json(GetParam().expected));
  if (GetParam().result.empty())
    EXPECT_FALSE(result) << data::to_json(*result);
  else
    EXPECT_EQ(result ? data::to_json(*result) : "", data::to_json(json(GetParam().result)));
}

#define RULE(verbs) R"({"verbs": [)" verbs R"(], "apiGroups": [""], "resources": ["secrets"]})"

INSTANTIATE_TEST_SUITE_P(
    Rows, Reconcile,
    testing::Values(
        ReconcileRow{R"({"rules": [)" RULE(R"("*")") "]}", R"({"rules": [)" RULE(R"("get")") "]}", ""},
        ReconcileRow{R"({"rules": [)" RULE(R"("get")") "]}", R"({"rules": [)" RULE(R"("get", "list", "watch")") "]}",
                     R"({"rules": [)" RULE(R"("get")") ", " RULE(R"("list", "watch")") "]}"},
        ReconcileRow{R"({"metadata": {"annotations": {"rbac.authorization.kubernetes.io/autoupdate": "false"}}})",
                     R"({"rules": [)" RULE(R"("get")") "]}", ""},
        ReconcileRow{R"({"metadata": {"labels": {"a": "own"}}})", R"({"metadata": {"labels": {"a": "1", "b": "2"}}})",
                     R"({"metadata": {"labels": {"a": "own", "b": "2"}}})"},
        ReconcileRow{R"({"subjects": [{"kind": "User", "name": "jane"}]})",
                     R"({"subjects": [{"kind": "Group", "name": "g"}]})",
                     R"({"subjects": [{"kind": "User", "name": "jane"}, {"kind": "Group", "name": "g"}]})"},
        ReconcileRow{R"({"aggregationRule": {"clusterRoleSelectors": [{"matchLabels": {"a": "b"}}]}})",
                     R"({"aggregationRule": {"clusterRoleSelectors": [{"matchLabels": {"c": "d"}}]}})",
                     R"({"aggregationRule": {"clusterRoleSelectors": [{"matchLabels": {"a": "b"}},
                         {"matchLabels": {"c": "d"}}]}})"},
        ReconcileRow{R"({"rules": [], "aggregationRule": {"clusterRoleSelectors": [{"matchLabels": {"a": "b"}}]}})",
                     R"({"rules": []})", R"({"rules": []})"}));

class Policy : public testing::Test {
 protected:
  Json cluster_role(std::string_view name) {
    const auto resource = test.registry.catalog().find("rbac.authorization.k8s.io", "v1", "clusterroles");
    const auto found = test.registry.get(*resource, {"", std::string(name)});
    EXPECT_TRUE(found) << found.error().message();
    return found ? **found : Json();
  }
  base::Result<meta::ObjectPtr> put(const Json& object, bool fresh) {
    const auto resource = test.registry.catalog().find("rbac.authorization.k8s.io", "v1", "clusterroles");
    return fresh ? test.registry.create(*resource, object) : test.registry.update(*resource, object);
  }
  static Json rule(std::string_view resource) {
    return Json::object({{"verbs", Json::array({"get"})},
                         {"apiGroups", Json::array({"example.com"})},
                         {"resources", Json::array({resource})}});
  }

  registry::TestRegistry test;
};

TEST_F(Policy, EveryDefaultIsAccepted) {
  const auto objects = default_policy();
  ASSERT_TRUE(objects) << objects.error().message();
  EXPECT_GT(objects->size(), 20u);
  ASSERT_TRUE(write_default_policy(test.registry));
  ASSERT_TRUE(aggregate_roles(test.registry));
  const store::Revision before = test.store->revision();
  ASSERT_TRUE(write_default_policy(test.registry));
  ASSERT_TRUE(aggregate_roles(test.registry));
  EXPECT_EQ(test.store->revision(), before) << "a second start writes nothing";
  for (const Json& object : *objects)
    if (object.text({"kind"}) == "ClusterRole") {
      EXPECT_FALSE(cluster_role(meta::name(object))["rules"].empty());
    }
  const Json admin = cluster_role("admin");
  for (const char* part : {"system:aggregate-to-view", "system:aggregate-to-edit", "system:aggregate-to-admin",
                           "slipway:aggregate-to-view", "slipway:aggregate-to-edit"}) {
    const Json collected = cluster_role(part);
    for (const Json& item : collected["rules"].items()) EXPECT_THAT(admin["rules"].items(), Contains(item)) << part;
  }
}

TEST_F(Policy, ADeletedRuleComesBackAndAnOwnOneStays) {
  ASSERT_TRUE(write_default_policy(test.registry));
  Json viewer = cluster_role("slipway:viewer");
  const Json rules = viewer["rules"];
  viewer.set("rules", Json::array({rule("widgets")}));
  ASSERT_TRUE(put(viewer, false));
  ASSERT_TRUE(write_default_policy(test.registry));
  viewer = cluster_role("slipway:viewer");
  EXPECT_EQ(viewer["rules"].items()[0], rule("widgets"));
  EXPECT_GE(viewer["rules"].size(), rules.size());
  meta::set_annotation(viewer, "rbac.authorization.kubernetes.io/autoupdate", "false");
  viewer.set("rules", Json::array());
  ASSERT_TRUE(put(viewer, false));
  ASSERT_TRUE(write_default_policy(test.registry));
  EXPECT_TRUE(cluster_role("slipway:viewer")["rules"].empty());
}

TEST_F(Policy, TheKeeperFillsAggregatedRolesThroughSeveralSteps) {
  auto keeper = AccessPolicyKeeper::start(test.registry);
  ASSERT_TRUE(keeper) << keeper.error().message();
  auto watch = test.store->watch("/registry/rbac.authorization.k8s.io/clusterroles/admin", test.store->revision());
  Json extra = meta::make_object({"rbac.authorization.k8s.io", "v1", "ClusterRole"}, {"", "widgets-view"});
  meta::set_label(extra, "rbac.authorization.k8s.io/aggregate-to-view", "true");
  extra.set("rules", Json::array({rule("widgets")}));
  ASSERT_TRUE(put(extra, true));
  // view, then edit, then admin.
  ASSERT_FALSE((*watch)->next(std::chrono::seconds(10))->empty());
  for (const char* name : {"view", "edit", "admin"})
    EXPECT_THAT(cluster_role(name)["rules"].items(), Contains(rule("widgets"))) << name;
  const auto resource = test.registry.catalog().find("rbac.authorization.k8s.io", "v1", "clusterroles");
  ASSERT_TRUE(test.registry.remove(*resource, {"", "widgets-view"}));
  ASSERT_FALSE((*watch)->next(std::chrono::seconds(10))->empty());
  EXPECT_THAT(cluster_role("admin")["rules"].items(), Not(Contains(rule("widgets"))));
  (*keeper)->stop();
}

}  // namespace
}  // namespace slipway::apiserver
