#include "apiserver/discovery.h"

#include <gtest/gtest.h>

#include "apiserver/test_door.h"

namespace slipway::apiserver {
namespace {

const Json* item_named(const Json& list, std::string_view member, std::string_view name) {
  for (const Json& item : list.items())
    if (item.text({member}) == name) return &item;
  return nullptr;
}

Json scaled_crd() {
  Json crd = registry::widget_crd();
  for (Json& version : crd.at({"spec", "versions"}).mutable_items())
    version.at("subresources")
        .set("scale", json(R"({"specReplicasPath": ".spec.size", "statusReplicasPath": ".status.size"})"));
  crd.at("metadata").set("name", "teams.example.com");
  crd.at({"spec", "names"}) = json(R"({"kind": "Team", "plural": "teams", "singular": "team", "categories": ["all"]})");
  return crd;
}

TEST(Discovery, LegacyListsResourcesAndTheirSubresources) {
  registry::TestRegistry test;
  test.add(scaled_crd(), "teams");
  const auto core = api_resource_list(test.registry.catalog(), "", "v1");
  ASSERT_TRUE(core);
  const Json& resources = (*core)["resources"];
  // The hash is kube-apiserver's own for /v1/ConfigMap.
  EXPECT_EQ(*item_named(resources, "name", "configmaps"),
            json(R"({"name":"configmaps","singularName":"configmap","namespaced":true,"kind":"ConfigMap",
              "verbs":["create","delete","deletecollection","get","list","patch","update","watch"],
              "shortNames":["cm"],"storageVersionHash":"qFsyl6wFWjQ="})"));
  EXPECT_EQ((*item_named(resources, "name", "namespaces"))["verbs"],
            json(R"(["create","delete","get","list","patch","update","watch"])"));
  EXPECT_EQ(
      *item_named(resources, "name", "namespaces/finalize"),
      json(
          R"({"name":"namespaces/finalize","singularName":"","namespaced":false,"kind":"Namespace","verbs":["update"]})"));
  const auto named = api_resource_list(test.registry.catalog(), "example.com", "v1");
  ASSERT_TRUE(named);
  EXPECT_EQ((*named)["resources"].items()[1].text({"name"}), "teams");
  EXPECT_EQ((*named)["resources"].items()[1]["categories"], Json::array({"all"}));
  EXPECT_EQ(*item_named((*named)["resources"], "name", "teams/scale"),
            json(R"({"name":"teams/scale","singularName":"","namespaced":true,"group":"autoscaling","version":"v1",
              "kind":"Scale","verbs":["get","patch","update"]})"));
}

TEST(Discovery, AggregatedNamesSubresourcesToo) {
  registry::TestRegistry test;
  test.add(scaled_crd(), "teams");
  const Json all = aggregated_discovery(test.registry.catalog(), false, "v2");
  EXPECT_EQ(all.text({"apiVersion"}), "apidiscovery.k8s.io/v2");
  Json group;
  for (const Json& item : all["items"].items())
    if (item.text({"metadata", "name"}) == "example.com") group = item;
  ASSERT_EQ(group["versions"].size(), 2u);
  EXPECT_EQ(group["versions"].items()[0].text({"version"}), "v1");
  const Json* teams = item_named(group["versions"].items()[0]["resources"], "resource", "teams");
  ASSERT_NE(teams, nullptr);
  ASSERT_EQ((*teams)["subresources"].size(), 2u);
  EXPECT_EQ((*teams)["subresources"].items()[0],
            json(R"({"subresource":"scale","responseKind":{"group":"autoscaling","version":"v1","kind":"Scale"},
              "verbs":["get","patch","update"]})"));
}

TEST(Discovery, WhatIsNotStoredIsDiscoveredToo) {
  registry::TestRegistry test;
  const UnstoredResource unstored[] = {
      {"authorization.k8s.io",
       "v1",
       "selfsubjectaccessreviews",
       "selfsubjectaccessreview",
       {"authorization.k8s.io", "v1", "SelfSubjectAccessReview"},
       false,
       {"create"}},
      {"", "v1", "serviceaccounts/token", "", {"authentication.k8s.io", "v1", "TokenRequest"}, true, {"create"}}};
  const ServedApi api(test.registry.catalog(), unstored);
  EXPECT_EQ(served_versions(api, "authorization.k8s.io"), (std::vector<std::string>{"v1"}));
  const auto reviews = api_resource_list(api, "authorization.k8s.io", "v1");
  ASSERT_TRUE(reviews);
  EXPECT_EQ((*reviews)["resources"].items()[0]["verbs"], Json::array({"create"}));
  EXPECT_FALSE((*reviews)["resources"].items()[0].contains("storageVersionHash"));
  const auto core = api_resource_list(api, "", "v1");
  const Json* token = item_named((*core)["resources"], "name", "serviceaccounts/token");
  ASSERT_NE(token, nullptr);
  EXPECT_EQ(token->text({"group"}), "authentication.k8s.io");
  EXPECT_EQ(token->text({"kind"}), "TokenRequest");
}

class DiscoveryDoor : public DoorTest {};

TEST_F(DiscoveryDoor, AClientThatKnowsTheAnswerIsSparedIt) {
  const std::string accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
  const auto first = send("GET", "/apis", "", {{"accept", accept}});
  std::string tag;
  for (const auto& [name, value] : first.response.headers)
    if (name == "etag") tag = value;
  ASSERT_FALSE(tag.empty());
  const auto second = send("GET", "/apis", "", {{"accept", accept}, {"if-none-match", tag}});
  EXPECT_EQ(second.response.status, 304);
  EXPECT_EQ(second.response.body, "");
  EXPECT_EQ(send("GET", "/apis", "", {{"accept", accept}, {"if-none-match", "\"other\""}}).response.status, 200);
}

TEST_F(DiscoveryDoor, NamespacesAreDeletedOneByOne) {
  fails(405, "DELETE", "/api/v1/namespaces");
}

}  // namespace
}  // namespace slipway::apiserver
