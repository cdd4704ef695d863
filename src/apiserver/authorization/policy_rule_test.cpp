#include "apiserver/authorization/policy_rule.h"

#include <gmock/gmock.h>

#include "apiserver/authorization/rbac_index.h"
#include "registry/test_registry.h"

namespace slipway::apiserver {
namespace {

using data::Json;
using registry::json;

PolicyRule rule(std::string_view text) {
  Json role = Json::object();
  role.at("rules").append(json(text));
  return policy_rules_of(role).front();
}

struct Row {
  std::string_view rule;
  std::string_view verb, group, resource, subresource, name;
  bool allowed;
};

void PrintTo(const Row& row, std::ostream* out) {
  *out << registry::plain_text({row.rule, row.verb, row.group, row.resource, row.subresource, row.name});
}

class ResourceRules : public testing::TestWithParam<Row> {};

TEST_P(ResourceRules, Allow) {
  const Row& row = GetParam();
  const UserInfo user;
  AccessAttributes attributes{.user = user, .verb = row.verb, .is_resource = true, .group = row.group};
  attributes.resource = row.resource;
  attributes.subresource = row.subresource;
  attributes.name = row.name;
  EXPECT_EQ(rule_allows(rule(row.rule), attributes), row.allowed);
}

#define SECRETS R"("apiGroups": [""], "resources": ["secrets"])"

INSTANTIATE_TEST_SUITE_P(
    Rows, ResourceRules,
    testing::Values(
        Row{R"({"verbs": ["get"], )" SECRETS "}", "get", "", "secrets", "", "a", true},
        Row{R"({"verbs": ["get"], )" SECRETS "}", "list", "", "secrets", "", "", false},
        Row{R"({"verbs": ["get"], )" SECRETS "}", "get", "x.io", "secrets", "", "a", false},
        Row{R"({"verbs": ["get"], )" SECRETS "}", "get", "", "secrets", "status", "a", false},
        Row{R"({"verbs": ["get"], )" SECRETS "}", "get", "", "secret", "", "a", false},
        Row{R"({"verbs": ["*"], )" SECRETS "}", "", "", "secrets", "", "a", true},
        Row{R"({"verbs": ["get"], "resourceNames": ["a"], )" SECRETS "}", "get", "", "secrets", "", "a", true},
        Row{R"({"verbs": ["get"], "resourceNames": ["a"], )" SECRETS "}", "get", "", "secrets", "", "b", false},
        Row{R"({"verbs": ["*"], "resourceNames": ["a"], )" SECRETS "}", "list", "", "secrets", "", "", false},
        Row{R"({"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]})", "get", "x.io", "things", "scale", "a", true},
        Row{R"({"verbs": ["get"], "apiGroups": ["*"], "resources": ["*/scale"]})", "get", "x.io", "things", "scale", "",
            true},
        Row{R"({"verbs": ["get"], "apiGroups": ["*"], "resources": ["*/scale"]})", "get", "x.io", "things", "", "",
            false},
        Row{R"({"verbs": ["get"], "apiGroups": ["*"], "resources": ["*/scale"]})", "get", "x.io", "things", "upscale",
            "", false},
        Row{R"({"verbs": ["get"], "apiGroups": ["*"], "resources": ["*/scale"]})", "get", "x.io", "things", "e", "",
            false},
        Row{R"({"verbs": ["get"], "apiGroups": ["*"], "resources": ["things/*"]})", "get", "x.io", "things", "scale",
            "", false},
        Row{R"({"verbs": ["get"], "apiGroups": ["*"], "resources": ["a/status"]})", "get", "x.io", "a", "status", "",
            true},
        Row{R"({"verbs": ["get"], "apiGroups": ["*"], "resources": ["a/status"]})", "get", "x.io", "aa", "status", "",
            false},
        Row{R"({"verbs": ["get"], "apiGroups": ["*"], "resources": ["aa/status"]})", "get", "x.io", "a", "status", "",
            false},
        Row{R"({"verbs": ["get"], "nonResourceURLs": ["*"]})", "get", "", "secrets", "", "a", false}));

TEST(PathRules, Allow) {
  const UserInfo user;
  const auto allows = [&](std::string_view text, std::string_view verb, std::string_view path) {
    return rule_allows(rule(text), {.user = user, .verb = verb, .path = path});
  };
  constexpr std::string_view kHealth = R"({"verbs": ["get"], "nonResourceURLs": ["/healthz", "/livez/*", "/m**"]})";
  EXPECT_TRUE(allows(kHealth, "get", "/healthz"));
  EXPECT_FALSE(allows(kHealth, "post", "/healthz"));
  EXPECT_FALSE(allows(kHealth, "get", "/healthz/ping"));
  EXPECT_FALSE(allows(kHealth, "get", "/livez"));
  EXPECT_TRUE(allows(kHealth, "get", "/livez/"));
  EXPECT_TRUE(allows(kHealth, "get", "/livez/ping"));
  EXPECT_TRUE(allows(kHealth, "get", "/metrics"));
  EXPECT_TRUE(allows(R"({"verbs": ["*"], "nonResourceURLs": ["*"]})", "delete", "/anything"));
  EXPECT_FALSE(allows(R"({"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]})", "get", "/healthz"));
}

TEST(Uncovered, NamesWhatIsMissing) {
  const std::vector<PolicyRule> held{
      rule(R"({"verbs": ["get", "list"], "apiGroups": [""], "resources": ["configmaps", "*/scale"]})"),
      rule(R"({"verbs": ["get"], "apiGroups": [""], "resources": ["secrets"], "resourceNames": ["a", "b"]})"),
      rule(R"({"verbs": ["get"], "nonResourceURLs": ["/healthz*"]})")};
  const auto missing = [&](std::string_view text) {
    std::string out;
    for (const PolicyRule& part : compact_rules(uncovered_rules(held, {rule(text)}))) out += rule_text(part);
    return out;
  };
  EXPECT_EQ(missing(R"({"verbs": ["list"], "apiGroups": [""], "resources": ["configmaps", "things/scale"]})"), "");
  EXPECT_EQ(missing(R"({"verbs": ["get"], "apiGroups": [""], "resources": ["secrets"], "resourceNames": ["b"]})"), "");
  EXPECT_EQ(missing(R"({"verbs": ["get"], "nonResourceURLs": ["/healthz/a", "/healthz*"]})"), "");
  EXPECT_EQ(missing(R"({"verbs": ["get", "*"], "apiGroups": ["", "x"], "resources": ["configmaps"]})"),
            R"({APIGroups:[""], Resources:["configmaps"], Verbs:["*"]})"
            R"({APIGroups:["x"], Resources:["configmaps"], Verbs:["get" "*"]})");
  EXPECT_EQ(missing(R"({"verbs": ["get"], "apiGroups": [""], "resources": ["secrets"]})"),
            R"({APIGroups:[""], Resources:["secrets"], Verbs:["get"]})");
  EXPECT_EQ(missing(R"({"verbs": ["get"], "apiGroups": [""], "resources": ["secrets"], "resourceNames": ["c"]})"),
            R"({APIGroups:[""], Resources:["secrets"], ResourceNames:["c"], Verbs:["get"]})");
  EXPECT_EQ(missing(R"({"verbs": ["get"], "apiGroups": [""], "resources": ["*"]})"),
            R"({APIGroups:[""], Resources:["*"], Verbs:["get"]})");
  EXPECT_EQ(missing(R"({"verbs": ["get", "post"], "nonResourceURLs": ["*"]})"),
            R"({NonResourceURLs:["*"], Verbs:["get"]}{NonResourceURLs:["*"], Verbs:["post"]})");
}

class Index : public testing::Test {
 protected:
  using Kind = RbacIndex::Kind;
  void role(std::string_view ns, std::string_view name, std::string_view rules) {
    Json object = meta::make_object({"rbac.authorization.k8s.io", "v1", ns.empty() ? "ClusterRole" : "Role"},
                                    {std::string(ns), std::string(name)});
    object.set("rules", json(rules));
    index.put(ns.empty() ? Kind::kClusterRole : Kind::kRole, object);
  }
  void bind(std::string_view ns, std::string_view name, std::string_view role_kind, std::string_view role,
            std::string_view subjects) {
    Json object =
        meta::make_object({"rbac.authorization.k8s.io", "v1", "Binding"}, {std::string(ns), std::string(name)});
    object.set("roleRef", Json::object({{"kind", std::string(role_kind)}, {"name", std::string(role)}}));
    object.set("subjects", json(subjects));
    index.put(ns.empty() ? Kind::kClusterRoleBinding : Kind::kRoleBinding, object);
  }
  Verdict ask(const UserInfo& user, std::string_view ns, std::string_view resource = "secrets") const {
    AccessAttributes attributes{.user = user, .verb = "get", .is_resource = true};
    attributes.resource = resource;
    attributes.ns = ns;
    return index.authorize(attributes);
  }
  bool may(const UserInfo& user, std::string_view ns, std::string_view resource = "secrets") const {
    return ask(user, ns, resource).decision == Decision::kAllow;
  }

  static constexpr std::string_view kReadSecrets =
      R"([{"verbs": ["get"], "apiGroups": [""], "resources": ["secrets"]}])";
  const UserInfo jane{.name = "jane"};
  const UserInfo operators{.name = "joe", .groups = {"x", "operators"}};
  const UserInfo robot{.name = "system:serviceaccount:a:robot"};
  RbacIndex index;
};

TEST_F(Index, BindingsReachAsFarAsTheyStand) {
  role("", "read", kReadSecrets);
  role("a", "read", kReadSecrets);
  bind("a", "jane", "ClusterRole", "read", R"([{"kind": "User", "name": "jane"}])");
  bind("b", "group", "ClusterRole", "read", R"([{"kind": "Group", "name": "operators"}])");
  bind("a", "robot", "Role", "read", R"([{"kind": "ServiceAccount", "name": "robot"}])");
  EXPECT_TRUE(may(jane, "a"));
  EXPECT_FALSE(may(jane, "b"));
  EXPECT_FALSE(may(jane, ""));
  EXPECT_FALSE(may(jane, "a", "configmaps"));
  EXPECT_TRUE(may(operators, "b"));
  EXPECT_FALSE(may(operators, "a"));
  EXPECT_TRUE(may(robot, "a"));
  EXPECT_FALSE(may({.name = "robot"}, "a"));
  EXPECT_FALSE(may({.name = "operators"}, "b"));
  EXPECT_FALSE(may({.name = "x", .groups = {"jane"}}, "a"));
  bind("", "everywhere", "ClusterRole", "read", R"([{"kind": "ServiceAccount", "name": "robot", "namespace": "a"}])");
  EXPECT_TRUE(may(robot, ""));
  EXPECT_TRUE(may(robot, "zz"));
}

TEST_F(Index, FollowsChanges) {
  bind("a", "b", "Role", "late", R"([{"kind": "User", "name": "jane"}, {"kind": "User", "name": "jane"}])");
  EXPECT_EQ(ask(jane, "a").reason, "RBAC: role.rbac.authorization.k8s.io \"late\" not found");
  bind("", "c", "ClusterRole", "later", R"([{"kind": "User", "name": "jane"}])");
  EXPECT_EQ(ask(jane, "a").reason,
            "RBAC: [clusterrole.rbac.authorization.k8s.io \"later\" not found, role.rbac.authorization.k8s.io \"late\" "
            "not found]");
  role("a", "late", kReadSecrets);
  EXPECT_TRUE(may(jane, "a"));
  EXPECT_EQ(index.rules_for(jane, "a").rules.size(), 1u);
  EXPECT_EQ(index.rules_for(jane, "").rules.size(), 0u);
  EXPECT_EQ(index.role_rules("Role", "late", "a")->size(), 1u);
  EXPECT_EQ(index.role_rules("Role", "late", "b").error().message(),
            "roles.rbac.authorization.k8s.io \"late\" not found");
  index.remove(Kind::kRole, {"a", "late"});
  EXPECT_FALSE(may(jane, "a"));
  role("a", "late", kReadSecrets);
  bind("a", "b", "Role", "late", R"([{"kind": "User", "name": "joe"}])");
  EXPECT_FALSE(may(jane, "a"));
  EXPECT_TRUE(may(operators, "a"));
  index.remove(Kind::kRoleBinding, {"a", "b"});
  EXPECT_FALSE(may(operators, "a"));
  EXPECT_EQ(ask(operators, "a").reason, "");
}

TEST_F(Index, ARoleIsNotAClusterRole) {
  role("a", "r", kReadSecrets);
  bind("a", "b", "ClusterRole", "r", R"([{"kind": "User", "name": "jane"}])");
  bind("", "c", "Role", "r", R"([{"kind": "User", "name": "jane"}])");
  EXPECT_FALSE(may(jane, "a"));
  EXPECT_EQ(ask(jane, "").reason, "RBAC: unsupported role reference kind: \"Role\"");
}

}  // namespace
}  // namespace slipway::apiserver
