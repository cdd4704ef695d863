#include "registry/builtin_kinds.h"

#include <gtest/gtest.h>

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
                    "duplicate of key present in data"},
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
  int count = 0;
  for (const auto& resource : test.registry.catalog().all())
    for (const auto& version : resource->versions) {
      EXPECT_NE(version->schema, nullptr) << resource->kind;
      ++count;
    }
  EXPECT_EQ(count, 9 + 3);
}

}  // namespace
}  // namespace slipway::registry
