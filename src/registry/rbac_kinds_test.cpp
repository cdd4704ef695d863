#include <gmock/gmock.h>

#include "registry/builtin_kinds.h"
#include "registry/schema.h"
#include "registry/test_registry.h"

namespace slipway::registry {
namespace {

using ::testing::HasSubstr;

struct Row {
  std::string_view plural;
  std::string_view rest;   // members beside apiVersion, kind and metadata
  std::string_view patch;  // merge patch after the creation, or ""
  std::string_view error;  // part of the message, or "" when it must work
};

void PrintTo(const Row& row, std::ostream* out) {
  *out << plain_text({row.plural, row.rest, row.patch});
}

class RbacKinds : public testing::TestWithParam<Row> {};

TEST_P(RbacKinds, AreValidatedAsInKubernetes) {
  TestRegistry test;
  const auto& row = GetParam();
  const auto resource = test.registry.catalog().find("rbac.authorization.k8s.io", "v1", row.plural);
  ASSERT_TRUE(resource);
  ASSERT_TRUE(resource->schema);
  Json object = meta::make_object(resource->gvk(), {resource->resource->namespaced ? "default" : "", "system:a b"});
  const Json rest = json(row.rest);
  for (const auto& [key, value] : rest.members()) object.set(key, value);
  auto result = test.registry.create(*resource, object);
  if (!row.patch.empty()) {
    ASSERT_TRUE(result) << result.error().message();
    result = test.registry.patch(*resource, meta::key_of(**result), PatchType::kMerge, json(row.patch));
  }
  const std::string message = result ? "" : result.error().message();
  if (row.error.empty())
    EXPECT_EQ(message, "");
  else
    EXPECT_THAT(message, HasSubstr(std::string(row.error)));
}

#define RULES(text) R"({"rules": [{)" text "}]}"
#define REF R"("roleRef": {"kind": "ClusterRole", "name": "x:y"})"

INSTANTIATE_TEST_SUITE_P(
    Roles, RbacKinds,
    testing::Values(
        Row{"roles", "{}", "", ""}, Row{"roles", R"({"rules": null})", "", ""},
        Row{"roles", RULES(R"("verbs": ["get"], "apiGroups": [""], "resources": ["secrets"])"), "", ""},
        Row{"roles", RULES(R"("apiGroups": [""], "resources": ["secrets"])"), "",
            "rules[0].verbs: Required value: verbs must contain at least one value"},
        Row{"roles", RULES(R"("verbs": ["get"], "resources": ["secrets"])"), "",
            "rules[0].apiGroups: Required value: resource rules must supply at least one api group"},
        Row{"roles", RULES(R"("verbs": ["get"], "apiGroups": [""])"), "",
            "rules[0].resources: Required value: resource rules must supply at least one resource"},
        Row{"roles", RULES(R"("verbs": ["get"], "nonResourceURLs": ["/x"])"), "",
            R"(rules[0].nonResourceURLs: Invalid value: ["/x"]: namespaced rules cannot apply to non-resource URLs)"},
        Row{"clusterroles", RULES(R"("verbs": ["get"], "nonResourceURLs": ["/x"])"), "", ""},
        Row{"clusterroles", RULES(R"("verbs": ["get"], "nonResourceURLs": ["/x"], "resources": ["a"])"), "",
            "rules cannot apply to both regular resources and non-resource URLs"},
        Row{"clusterroles", R"({"aggregationRule": {}})", "",
            "aggregationRule.clusterRoleSelectors: Required value: at least one clusterRoleSelector required"},
        Row{"clusterroles", R"({"aggregationRule": {"clusterRoleSelectors": [{"matchLabels": {"a": "b"}}]}})", "", ""},
        Row{"clusterroles",
            R"({"aggregationRule": {"clusterRoleSelectors": [{"matchExpressions": [{"key": "a", "operator": "?"}]}]}})",
            "", "aggregationRule.clusterRoleSelectors[0]: Invalid value:"}));

INSTANTIATE_TEST_SUITE_P(
    Bindings, RbacKinds,
    testing::Values(
        Row{"rolebindings", "{" REF "}", "", ""},
        Row{"rolebindings", R"({"roleRef": {"kind": "Role", "name": "x"}})", "", ""},
        Row{"rolebindings", R"({"roleRef": {"kind": "Role", "name": "x/y"}})", "",
            "roleRef.name: Invalid value: \"x/y\": may not contain '/'"},
        Row{"rolebindings", R"({"roleRef": {"kind": "Rule", "name": "x"}})", "",
            "roleRef.kind: Unsupported value: \"Rule\": supported values: \"Role\", \"ClusterRole\""},
        Row{"clusterrolebindings", R"({"roleRef": {"kind": "Role", "name": "x"}})", "",
            "roleRef.kind: Unsupported value: \"Role\": supported values: \"ClusterRole\""},
        Row{"clusterrolebindings", R"({"roleRef": {"kind": "ClusterRole"}})", "", "roleRef.name: Required value"},
        Row{"clusterrolebindings", R"({"roleRef": {"kind": "ClusterRole", "name": "x", "apiGroup": "y"}})", "",
            "roleRef.apiGroup: Unsupported value: \"y\": supported values: \"rbac.authorization.k8s.io\""},
        Row{"rolebindings", "{" REF R"(, "subjects": [{"kind": "User", "name": "jane"}]})", "", ""},
        Row{"rolebindings", "{" REF R"(, "subjects": [{"kind": "User"}]})", "", "subjects[0].name: Required value"},
        Row{"rolebindings", "{" REF R"(, "subjects": [{"kind": "Robot", "name": "r"}]})", "",
            "subjects[0].kind: Unsupported value: \"Robot\": supported values: \"ServiceAccount\", \"User\", "
            "\"Group\""},
        Row{"rolebindings", "{" REF R"(, "subjects": [{"kind": "ServiceAccount", "name": "r"}]})", "", ""},
        Row{"clusterrolebindings", "{" REF R"(, "subjects": [{"kind": "ServiceAccount", "name": "r"}]})", "",
            "subjects[0].namespace: Required value"},
        Row{"rolebindings", "{" REF R"(, "subjects": [{"kind": "ServiceAccount", "name": "r", "apiGroup": "x"}]})", "",
            "subjects[0].apiGroup: Unsupported value: \"x\": supported values: \"\""},
        Row{"rolebindings", "{" REF R"(, "subjects": [{"kind": "Group", "name": "r", "apiGroup": "x"}]})", "",
            "subjects[0].apiGroup: Unsupported value: \"x\": supported values: \"rbac.authorization.k8s.io\""},
        Row{"rolebindings", "{" REF "}", R"({"roleRef": {"name": "z"}})", "cannot change roleRef"},
        Row{"rolebindings", "{" REF "}", R"({"subjects": [{"kind": "User", "name": "jane"}]})", ""}));

TEST(RbacKinds, DefaultsTheGroupOfUsersAndRoles) {
  TestRegistry test;
  const auto resource = test.registry.catalog().find("rbac.authorization.k8s.io", "v1", "rolebindings");
  Json object = meta::make_object(resource->gvk(), {"default", "b"});
  object.set("roleRef", json(R"({"kind": "Role", "name": "r"})"));
  object.set("subjects", json(R"([{"kind": "User", "name": "a"}, {"kind": "ServiceAccount", "name": "b"}])"));
  const auto created = test.registry.create(*resource, object);
  ASSERT_TRUE(created) << created.error().message();
  EXPECT_EQ((*created)->text({"roleRef", "apiGroup"}), "rbac.authorization.k8s.io");
  EXPECT_EQ((**created)["subjects"].items()[0].text({"apiGroup"}), "rbac.authorization.k8s.io");
  EXPECT_FALSE((**created)["subjects"].items()[1].contains("apiGroup"));
}

}  // namespace
}  // namespace slipway::registry
