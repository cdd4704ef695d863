#include "registry/builtin_kinds.h"

#include <gtest/gtest.h>
#include <set>

#include "registry/test_registry.h"

namespace slipway::registry {
namespace {

const ResourceVersionInfo& find(TestRegistry& test, const Json& object) {
  return *test.registry.catalog().find_kind(*meta::gvk_of(object));
}

struct BuiltinCase {
  std::string_view object;
  std::string_view patch;  // merge patch after the creation, or "" for the creation alone
  std::string_view error;  // part of the message, or "" when it must work
};

void PrintTo(const BuiltinCase& row, std::ostream* out) {
  *out << plain_text({row.object, row.patch});
}

class Builtin : public testing::TestWithParam<BuiltinCase> {};
TEST_P(Builtin, Accepts) {
  TestRegistry test;
  const Json object = json(GetParam().object);
  auto result = test.registry.create(find(test, object), object);
  if (!GetParam().patch.empty()) {
    ASSERT_TRUE(result) << result.error().message();
    result = test.registry.patch(find(test, object), meta::key_of(**result), PatchType::kMerge, json(GetParam().patch));
  }
  const std::string message = result ? "" : result.error().message();
  if (GetParam().error.empty())
    EXPECT_EQ(message, "");
  else
    EXPECT_NE(message.find(GetParam().error), std::string::npos) << message << "\nexpected: " << GetParam().error;
}

#define SECRET(rest) \
  R"({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "namespace": "default"})" rest "}"
#define CONFIG(rest) \
  R"({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c", "namespace": "default"})" rest "}"
#define EVENT(rest) \
  R"({"apiVersion": "v1", "kind": "Event", "metadata": {"name": "e", "namespace": "default"})" rest "}"
#define LEASE(rest)                                                                                                     \
  R"({"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": "l", "namespace": "default"})" rest \
  "}"

INSTANTIATE_TEST_SUITE_P(
    Secrets, Builtin,
    testing::Values(
        BuiltinCase{SECRET(R"(, "data": {"a.b": "YQ=="}, "type": "example.com/x")"), "", ""},
        BuiltinCase{SECRET(R"(, "data": {"a": "?"})"), "", "data[a]: Invalid value: \"<secret>\": must be base64"},
        BuiltinCase{SECRET(R"(, "type": "kubernetes.io/tls", "data": {"tls.key": ""})"), "",
                    "data[tls.crt]: Required value"},
        BuiltinCase{SECRET(R"(, "type": "kubernetes.io/basic-auth", "data": {"password": ""})"), "", ""},
        BuiltinCase{SECRET(R"(, "type": "kubernetes.io/basic-auth")"), "", "data[username]: Required value"},
        BuiltinCase{SECRET(R"(, "type": "kubernetes.io/ssh-auth")"), "", "data[ssh-privatekey]: Required value"},
        BuiltinCase{SECRET(R"(, "type": "kubernetes.io/dockercfg", "data": {".dockercfg": "ew=="})"), "",
                    "data[.dockercfg]: Invalid value: \"<secret contents redacted>\": must be JSON"},
        BuiltinCase{SECRET(R"(, "type": "kubernetes.io/service-account-token")"), "",
                    "metadata.annotations[kubernetes.io/service-account.name]: Required value"},
        BuiltinCase{SECRET(R"(, "data": {"a/b": "YQ=="})"), "",
                    "data[a/b]: Invalid value: \"a/b\": a valid config key"},
        BuiltinCase{SECRET(R"(, "data": {"..a": "YQ=="})"), "", "must not start with '..'"},
        BuiltinCase{SECRET(R"(, "data": {"a": 1})"), "", "must be of type string"},
        BuiltinCase{SECRET(R"(, "type": "a")"), R"({"type": "b"})", "type: Invalid value: \"b\": field is immutable"},
        BuiltinCase{SECRET(R"(, "immutable": true, "data": {"a": "YQ=="})"), R"({"data": {"a": "Yg=="}})",
                    "data: Forbidden: field is immutable when `immutable` is set"},
        BuiltinCase{SECRET(R"(, "immutable": true)"), R"({"immutable": false})", "immutable: Forbidden"},
        BuiltinCase{SECRET(R"(, "immutable": true)"), R"({"metadata": {"labels": {"a": "b"}}})", ""}));

INSTANTIATE_TEST_SUITE_P(
    Others, Builtin,
    testing::Values(
        BuiltinCase{CONFIG(R"(, "data": {"a": "b"}, "binaryData": {"c": "YQ=="})"), "", ""},
        BuiltinCase{CONFIG(R"(, "data": {"a": "b"}, "binaryData": {"a": "YQ=="})"), "",
                    "duplicate of key present in binaryData"},
        BuiltinCase{CONFIG(R"(, "immutable": true, "data": {"a": "b"})"), R"({"data": {"c": "d"}})", "data: Forbidden"},
        BuiltinCase{EVENT(R"(, "involvedObject": {"namespace": "default", "name": "x"}, "reason": "R")"), "", ""},
        BuiltinCase{EVENT(R"(, "involvedObject": {"name": "x"})"), R"({"count": 2})", ""},
        BuiltinCase{EVENT(R"(, "involvedObject": {"namespace": "other"})"), "",
                    "involvedObject.namespace: Invalid value: \"other\": does not match event.namespace"},
        BuiltinCase{EVENT(R"(, "lastTimestamp": "noon")"), "", "must be of type date-time"},
        BuiltinCase{LEASE(R"(, "spec": {"holderIdentity": "a", "leaseDurationSeconds": 15,
                                        "renewTime": "2026-01-02T03:04:05.000006Z"})"),
                    "", ""},
        BuiltinCase{LEASE(R"(, "spec": {"leaseDurationSeconds": 0})"), "", "must be greater than 0"},
        BuiltinCase{LEASE(R"(, "spec": {"leaseTransitions": -1})"), "", "must be greater than or equal to 0"},
        BuiltinCase{R"({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "a.b"}})", "",
                    "must not contain dots"},
        BuiltinCase{R"({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "A"}})", "",
                    "a lowercase RFC 1123 label must consist of"},
        // A cluster-scoped object's namespace is dropped.
        BuiltinCase{R"({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "a", "namespace": "b"}})", "",
                    ""}));

TEST(Builtin, StringDataBecomesData) {
  TestRegistry test;
  const Json object = json(SECRET(R"(, "stringData": {"a": "new", "b": "x"}, "data": {"a": "b2xk", "c": "eg=="})"));
  const auto created = test.registry.create(test.secrets, object);
  ASSERT_TRUE(created) << created.error().message();
  EXPECT_EQ((**created)["data"], json(R"({"a": "bmV3", "b": "eA==", "c": "eg=="})"));
  EXPECT_FALSE((**created).contains("stringData"));
  EXPECT_EQ((**created).text({"type"}), "Opaque");
  EXPECT_FALSE((**created)["metadata"].contains("generation"));
}

TEST(Builtin, SecretValuesStayOutOfErrors) {
  TestRegistry test;
  const auto created = test.registry.create(test.secrets, json(SECRET(R"(, "data": {"a": "hunter2!"})")));
  ASSERT_FALSE(created);
  EXPECT_EQ(created.error().message().find("hunter2"), std::string::npos) << created.error().message();
}

TEST(Builtin, NamespaceLifeCycleFields) {
  TestRegistry test;
  for (const char* name : {"default", "kube-system"}) {
    const auto space = test.registry.get(test.namespaces, {"", name});
    ASSERT_TRUE(space);
    EXPECT_EQ((**space).text({"status", "phase"}), "Active");
    EXPECT_EQ((**space).get({"spec", "finalizers"}), json(R"(["kubernetes"])"));
    EXPECT_EQ(meta::label(**space, "kubernetes.io/metadata.name"), name);
  }
}

TEST(Builtin, EveryKindHasASchema) {
  TestRegistry test;
  std::set<std::string> names;
  for (const auto& resource : test.registry.catalog().all())
    for (const auto& version : resource->versions) {
      EXPECT_NE(version->schema, nullptr) << resource->kind;
      names.insert(resource->group_resource());
    }
  for (const char* name :
       {"namespaces", "secrets", "configmaps", "serviceaccounts", "nodes", "events", "events.events.k8s.io",
        "leases.coordination.k8s.io", "roles.rbac.authorization.k8s.io", "clusterroles.rbac.authorization.k8s.io",
        "rolebindings.rbac.authorization.k8s.io", "clusterrolebindings.rbac.authorization.k8s.io"})
    EXPECT_TRUE(names.contains(name)) << name;
}

#define ROLE(rest)                                                                                                             \
  R"({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": "a:b", "namespace": "default"})" rest \
  "}"
#define CLUSTER_ROLE(rest) \
  R"({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "system:x"})" rest "}"
#define BINDING(rest)                                                                                                               \
  R"({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": {"name": "b", "namespace": "default"})" rest \
  "}"
#define CLUSTER_BINDING(rest) \
  R"({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": {"name": "b"})" rest "}"
#define ROLE_REF R"(, "roleRef": {"kind": "ClusterRole", "name": "admin"})"

INSTANTIATE_TEST_SUITE_P(
    Authorization, Builtin,
    testing::Values(
        BuiltinCase{ROLE(R"(, "rules": [{"verbs": ["get"], "apiGroups": [""], "resources": ["secrets"]}])"), "", ""},
        BuiltinCase{ROLE(R"(, "rules": null)"), "", ""},
        BuiltinCase{R"({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role",
                        "metadata": {"name": "..", "namespace": "default"}})",
                    "", "metadata.name: Invalid value: \"..\": may not be '..'"},
        BuiltinCase{ROLE(R"(, "rules": [{"apiGroups": [""], "resources": ["secrets"]}])"), "",
                    "rules[0].verbs: Required value: verbs must contain at least one value"},
        BuiltinCase{ROLE(R"(, "rules": [{"verbs": ["get"], "apiGroups": [""]}])"), "",
                    "rules[0].resources: Required value: resource rules must supply at least one resource"},
        BuiltinCase{ROLE(R"(, "rules": [{"verbs": ["get"], "resources": ["a"]}])"), "",
                    "rules[0].apiGroups: Required value: resource rules must supply at least one api group"},
        BuiltinCase{ROLE(R"(, "rules": [{"verbs": ["get"], "nonResourceURLs": ["/x"]}])"), "",
                    "namespaced rules cannot apply to non-resource URLs"},
        BuiltinCase{CLUSTER_ROLE(R"(, "rules": [{"verbs": ["get"], "nonResourceURLs": ["/x"]}])"), "", ""},
        BuiltinCase{CLUSTER_ROLE(R"(, "rules": [{"verbs": ["get"], "nonResourceURLs": ["/x"], "resources": ["a"]}])"),
                    "", "rules cannot apply to both regular resources and non-resource URLs"},
        BuiltinCase{CLUSTER_ROLE(R"(, "aggregationRule": {})"), "",
                    "aggregationRule.clusterRoleSelectors: Required value: at least one clusterRoleSelector required"},
        BuiltinCase{CLUSTER_ROLE(R"(, "aggregationRule": {"clusterRoleSelectors": [{"matchLabels": {"a": "b"}}]})"), "",
                    ""},
        BuiltinCase{BINDING(ROLE_REF R"(, "subjects": [{"kind": "User", "name": "u"}])"), "", ""},
        BuiltinCase{BINDING(R"(, "roleRef": {"kind": "Thing", "name": "a"})"), "",
                    "roleRef.kind: Unsupported value: \"Thing\": supported values: \"Role\", \"ClusterRole\""},
        BuiltinCase{BINDING(R"(, "roleRef": {"kind": "Role", "name": ""})"), "", "roleRef.name: Required value"},
        BuiltinCase{BINDING(R"(, "roleRef": {"kind": "Role", "name": "a", "apiGroup": "x"})"), "",
                    "roleRef.apiGroup: Unsupported value: \"x\""},
        BuiltinCase{CLUSTER_BINDING(R"(, "roleRef": {"kind": "Role", "name": "a"})"), "",
                    "roleRef.kind: Unsupported value: \"Role\": supported values: \"ClusterRole\""},
        BuiltinCase{CLUSTER_BINDING(ROLE_REF R"(, "subjects": [{"kind": "ServiceAccount", "name": "s"}])"), "",
                    "subjects[0].namespace: Required value"},
        BuiltinCase{BINDING(ROLE_REF R"(, "subjects": [{"kind": "ServiceAccount", "name": "s", "apiGroup": "x"}])"), "",
                    "subjects[0].apiGroup: Unsupported value: \"x\": supported values: \"\""},
        BuiltinCase{BINDING(ROLE_REF R"(, "subjects": [{"kind": "Robot", "name": "r"}])"), "",
                    "subjects[0].kind: Unsupported value: \"Robot\""},
        BuiltinCase{BINDING(ROLE_REF), R"({"roleRef": {"name": "edit"}})", "cannot change roleRef"},
        BuiltinCase{BINDING(ROLE_REF), R"({"subjects": [{"kind": "Group", "name": "g"}]})", ""}));

#define NEW_EVENT(rest)                                                                                        \
  R"({"apiVersion": "events.k8s.io/v1", "kind": "Event", "metadata": {"name": "e", "namespace": "default"}, )" \
  R"("eventTime": "2026-01-02T03:04:05.000006Z", "reportingController": "example.com/c", )"                    \
  R"("reportingInstance": "c-1", "action": "Look", "reason": "Seen", )"                                        \
  R"("regarding": {"kind": "Node", "name": "n"}, "note": "hello")" rest "}"

INSTANTIATE_TEST_SUITE_P(
    NewEvents, Builtin,
    testing::Values(
        BuiltinCase{NEW_EVENT(R"(, "type": "Normal")"), "", ""},
        BuiltinCase{NEW_EVENT(R"(, "type": "Odd")"), "", "type: Invalid value: \"\": has invalid value: Odd"},
        BuiltinCase{NEW_EVENT(R"(, "type": "Normal", "deprecatedCount": 1)"), "", "count: Invalid value"},
        BuiltinCase{NEW_EVENT(R"(, "type": "Normal", "series": {"count": 1})"), "", "series.count: Invalid value"},
        BuiltinCase{NEW_EVENT(R"(, "type": "Normal")"),
                    R"({"series": {"count": 2, "lastObservedTime": "2026-01-02T03:05:05.000006Z"}})", ""},
        BuiltinCase{NEW_EVENT(R"(, "type": "Normal")"), R"({"note": "other"})",
                    "message: Invalid value: \"other\": field is immutable"},
        BuiltinCase{R"({"apiVersion": "events.k8s.io/v1", "kind": "Event",
                        "metadata": {"name": "e", "namespace": "default"}, "type": "Normal"})",
                    "", "eventTime: Required value"}));

TEST(Builtin, EventsOfBothGroupsAreTheSameObjects) {
  TestRegistry test;
  const auto old_form = test.registry.catalog().find("", "v1", "events");
  const auto new_form = test.registry.catalog().find("events.k8s.io", "v1", "events");
  auto watch = test.registry.watch(*old_form, {});
  ASSERT_TRUE(watch);
  const auto created = test.registry.create(*new_form, json(NEW_EVENT(R"(, "type": "Normal")")));
  ASSERT_TRUE(created) << created.error().message();
  EXPECT_EQ((**created).text({"regarding", "name"}), "n");
  const auto seen = (*watch)->next(std::chrono::seconds(5));
  ASSERT_TRUE(seen);
  EXPECT_EQ((*seen)[0].object->text({"message"}), "hello");
  const auto core = test.registry.get(*old_form, {"default", "e"});
  ASSERT_TRUE(core);
  EXPECT_EQ((**core).text({"apiVersion"}), "v1");
  EXPECT_EQ((**core).text({"involvedObject", "kind"}), "Node");
  EXPECT_EQ((**core).text({"reportingComponent"}), "example.com/c");
  EXPECT_FALSE((**core).contains("note"));

  Json classic =
      json(EVENT(R"(, "involvedObject": {"namespace": "default", "name": "x"}, "message": "m", "count": 3)"));
  classic.at("metadata").set("name", "classic");
  ASSERT_TRUE(test.registry.create(*old_form, classic));
  registry::ListOptions options;
  options.fields = *meta::FieldSelector::parse("regarding.name=x");
  const auto list = test.registry.list(*new_form, options);
  ASSERT_TRUE(list) << list.error().message();
  ASSERT_EQ(list->items.size(), 1u);
  EXPECT_EQ((*list->items[0])["deprecatedCount"], Json(3));
  EXPECT_EQ(list->items[0]->text({"note"}), "m");
}

TEST(Builtin, SubjectsOfBindingsGetTheirGroup) {
  TestRegistry test;
  const Json object = json(BINDING(ROLE_REF R"(, "subjects": [{"kind": "User", "name": "u"}])"));
  const auto created = test.registry.create(find(test, object), object);
  ASSERT_TRUE(created);
  EXPECT_EQ((**created).text({"roleRef", "apiGroup"}), "rbac.authorization.k8s.io");
  EXPECT_EQ((**created)["subjects"].items()[0].text({"apiGroup"}), "rbac.authorization.k8s.io");
}

TEST(Builtin, NodesKeepWhatTheyReport) {
  TestRegistry test;
  const Json object = json(R"({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n"},
    "spec": {"providerID": "edge://1", "taints": [{"key": "a", "effect": "NoSchedule"}]}})");
  ASSERT_TRUE(test.registry.create(find(test, object), object));
  const auto status = test.registry.patch(find(test, object), {"", "n"}, PatchType::kMerge,
                                          json(R"({"status": {"nodeInfo": {"kubeletVersion": "v1.36.3"}}})"),
                                          {.subresource = "status"});
  ASSERT_TRUE(status);
  EXPECT_EQ((**status).text({"status", "nodeInfo", "kubeletVersion"}), "v1.36.3");
  EXPECT_FALSE(test.registry.patch(find(test, object), {"", "n"}, PatchType::kMerge,
                                   json(R"({"spec": {"providerID": "edge://2"}})")));
}

}  // namespace
}  // namespace slipway::registry
