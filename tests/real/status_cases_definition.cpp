#include <fmt/core.h>

#include "real/status_cases.h"

namespace slipway::real {

namespace {

const std::string kSamples(kCaseSamples);

StatusCase sample(std::string name, std::string_view spec) {
  return {.name = "custom: " + name,
          .method = "POST",
          .path = kSamples + "?dryRun=All",
          .body = fmt::format(R"({{"apiVersion": "cases.example.com/v1", "kind": "Sample", "metadata": {{"name": "s"}},
                             "spec": {}}})",
                              spec)};
}

StatusCase changed(std::string name, std::string_view patch, std::string_view path = "/present") {
  return {.name = "custom change: " + name,
          .method = "PATCH",
          .path = kSamples + std::string(path) + "?dryRun=All",
          .body = std::string(patch),
          .content_type = std::string(kMergePatch)};
}

StatusCase definition(std::string name, std::string_view schema, std::string_view version_more = "",
                      std::string_view crd_name = "things.cases.example.com", std::string_view spec_more = "") {
  return {.name = "definition: " + name,
          .method = "POST",
          .path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions?dryRun=All",
          .body = fmt::format(R"({{"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": {{"name": "{}"}}, "spec": {{"group": "cases.example.com", "scope": "Namespaced",
            "names": {{"kind": "Thing", "plural": "things"}},
            "versions": [{{"name": "v1", "served": true, "storage": true, "schema": {{"openAPIV3Schema": {}}}{}}}]{}}}}})",
                              crd_name, schema, version_more, spec_more)};
}

std::vector<StatusCase> schema_cases() {
  return {
      sample("required field missing", "{}"),
      sample("required object is null", "null"),
      sample("wrong type string for integer", R"({"size": "5"})"),
      sample("wrong type number for integer", R"({"size": 1.5})"),
      sample("wrong type of object", R"([1])"),
      sample("wrong type of string", R"({"size": 1, "code": 7})"),
      sample("wrong type of boolean", R"({"size": 1, "ready": "yes"})"),
      sample("wrong type of list", R"({"size": 1, "names": "a"})"),
      sample("wrong type of map value", R"({"size": 1, "marks": {"a": 1}})"),
      sample("null where not nullable", R"({"size": null})"),
      sample("null where nullable", R"({"size": 0, "nothing": null})"),
      sample("minimum", R"({"size": 0})"),
      sample("maximum", R"({"size": 101})"),
      sample("exclusive minimum", R"({"size": 1, "ratio": 0})"),
      sample("exclusive maximum", R"({"size": 1, "ratio": 1})"),
      sample("multiple of", R"({"size": 1, "step": 7})"),
      sample("enum", R"({"size": 1, "color": "green"})"),
      sample("pattern", R"({"size": 1, "code": "AB"})"),
      sample("minimum length", R"({"size": 1, "code": "a"})"),
      sample("maximum length", R"({"size": 1, "code": "abcde"})"),
      sample("format date-time", R"({"size": 1, "when": "yesterday"})"),
      sample("format ipv4", R"({"size": 1, "where": "1.2.3"})"),
      sample("format byte", R"({"size": 1, "raw": "***"})"),
      sample("minimum items", R"({"size": 1, "names": []})"),
      sample("maximum items", R"({"size": 1, "names": ["a", "b", "c", "d"]})"),
      sample("duplicate in a set", R"({"size": 1, "names": ["a", "b", "a"]})"),
      sample("duplicate list-map key", R"({"size": 1, "parts": [{"name": "a"}, {"name": "a"}]})"),
      sample("key of a list-map missing", R"({"size": 1, "parts": [{"count": 1}]})"),
      sample("inside a list-map", R"({"size": 1, "parts": [{"name": "a", "count": -1}]})"),
      sample("maximum properties", R"({"size": 1, "marks": {"a": "1", "b": "2", "c": "3"}})"),
      sample("oneOf neither", R"({"size": 1, "choice": {}})"),
      sample("oneOf both", R"({"size": 1, "choice": {"a": "1", "b": "2"}})"),
      sample("not", R"({"size": 1, "not": {"a": "1"}})"),
      sample("int or string", R"({"size": 1, "either": true})"),
      sample("two required fields", R"({"size": 1, "nested": {}})"),
      sample("several problems", R"({"size": 0, "color": "green", "code": "A"})"),
      sample("rule", R"({"size": 1, "low": 5, "high": 1})"),
      sample("rule with messageExpression, fieldPath and reason", R"({"size": 1, "color": "blue"})"),
      sample("rules beside a schema error", R"({"size": 1, "low": 5, "high": 1, "color": "green"})"),
      {"custom: name", "POST", kSamples + "?dryRun=All", R"({"apiVersion": "cases.example.com/v1", "kind": "Sample",
        "metadata": {"name": "Not_A_Name"}, "spec": {"size": 1}})"},
      {"custom: label", "POST", kSamples + "?dryRun=All", R"({"apiVersion": "cases.example.com/v1", "kind": "Sample",
        "metadata": {"name": "s", "labels": {"a b": "c d"}}, "spec": {"size": 1}})"},
      {"custom: no spec", "POST", kSamples + "?dryRun=All",
       R"({"apiVersion": "cases.example.com/v1", "kind": "Sample", "metadata": {"name": "s"}})"},
      {"custom: metadata of the wrong type", "POST", kSamples + "?dryRun=All",
       R"({"apiVersion": "cases.example.com/v1", "kind": "Sample",
        "metadata": {"name": 5}, "spec": {"size": 1}})"},
      {"custom: label of the wrong type", "POST", kSamples + "?dryRun=All",
       R"({"apiVersion": "cases.example.com/v1", "kind": "Sample",
        "metadata": {"name": "s", "labels": {"a": 1}}, "spec": {"size": 1}})"},
      {"custom: deprecated version warns", "GET", "/apis/cases.example.com/v1beta1/namespaces/cases/samples/present"},
      {"custom: deprecated version warns on lists", "GET", "/apis/cases.example.com/v1beta1/namespaces/cases/samples"},
      changed("minimum", R"({"spec": {"size": 0}})"),
      changed("required taken away", R"({"spec": {"size": null}})"),
      changed("rule over oldSelf", R"({"spec": {"fixed": "y"}})"),
      changed("rule over a field that goes", R"({"spec": {"fixed": null}})"),
      changed("name", R"({"metadata": {"name": "b"}})"),
      changed("namespace", R"({"metadata": {"namespace": "b"}})"),
      changed("kind", R"({"kind": "B"})"),
      changed("apiVersion", R"({"apiVersion": "cases.example.com/v9"})"),
      changed("status", R"({"status": {"phase": "Sideways"}})", "/present/status"),
      changed("finalizer name", R"({"metadata": {"finalizers": ["x y"]}})"),
      changed("finalizer without a domain", R"({"metadata": {"finalizers": ["plain"]}})"),
      changed("owner without uid",
              R"({"metadata": {"ownerReferences": [{"apiVersion": "v1", "kind": "ConfigMap", "name": "a"}]}})"),
      changed("two controllers", R"({"metadata": {"ownerReferences": [
        {"apiVersion": "v1", "kind": "ConfigMap", "name": "a", "uid": "1", "controller": true},
        {"apiVersion": "v1", "kind": "ConfigMap", "name": "b", "uid": "2", "controller": true}]}})"),
      changed("an owner of a kind that may not own", R"({"metadata": {"ownerReferences": [
        {"apiVersion": "v1", "kind": "Event", "name": "a", "uid": "1"}]}})"),
  };
}

std::vector<StatusCase> definition_cases() {
  return {
      definition("name is not plural.group", R"({"type": "object"})", "", "wrong.cases.example.com"),
      definition("no root type", R"({"properties": {"a": {"type": "string"}}})"),
      definition("root of another type", R"({"type": "string"})"),
      definition("unknown type", R"({"type": "object", "properties": {"a": {"type": "text"}}})"),
      definition("type missing", R"({"type": "object", "properties": {"a": {}}})"),
      definition("items missing", R"({"type": "object", "properties": {"a": {"type": "array"}}})"),
      definition("properties beside additionalProperties",
                 R"({"type": "object", "properties": {"a": {"type": "object", "properties": {"b": {"type": "string"}},
                   "additionalProperties": {"type": "string"}}}})"),
      definition("uniqueItems", R"({"type": "object", "properties": {"a": {"type": "array", "uniqueItems": true,
                   "items": {"type": "string"}}}})"),
      definition("additionalProperties false", R"({"type": "object", "properties": {"a": {"type": "object",
                   "additionalProperties": false}}})"),
      definition("list map without keys", R"({"type": "object", "properties": {"a": {"type": "array",
                   "x-kubernetes-list-type": "map", "items": {"type": "object"}}}})"),
      definition("unknown list type", R"({"type": "object", "properties": {"a": {"type": "array",
                   "x-kubernetes-list-type": "bag", "items": {"type": "string"}}}})"),
      definition("default that does not fit",
                 R"({"type": "object", "properties": {"a": {"type": "integer", "default": "x"}}})"),
      definition("rule that does not compile", R"({"type": "object", "properties": {"a": {"type": "string",
                   "x-kubernetes-validations": [{"rule": "self.b > 1"}]}}})"),
      definition("rule that is no boolean", R"({"type": "object", "properties": {"a": {"type": "string",
                   "x-kubernetes-validations": [{"rule": "self"}]}}})"),
      definition("empty rule", R"({"type": "object", "properties": {"a": {"type": "string",
                   "x-kubernetes-validations": [{"rule": ""}]}}})"),
      definition("pattern that does not compile",
                 R"({"type": "object", "properties": {"a": {"type": "string", "pattern": "("}}})"),
      definition("selectable field that is not there", R"({"type": "object"})",
                 R"(, "selectableFields": [{"jsonPath": ".spec.nope"}])"),
      definition("column with a wrong type", R"({"type": "object"})",
                 R"(, "additionalPrinterColumns": [{"name": "A", "type": "text", "jsonPath": ".spec.a"}])"),
      definition("conversion without webhook", R"({"type": "object"})", "", "things.cases.example.com",
                 R"(, "conversion": {"strategy": "Webhook"})"),
      definition("unknown conversion", R"({"type": "object"})", "", "things.cases.example.com",
                 R"(, "conversion": {"strategy": "Magic"})"),
      {"definition: no versions", "POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions?dryRun=All",
       R"({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "things.cases.example.com"}, "spec": {"group": "cases.example.com", "scope": "Namespaced",
        "names": {"kind": "Thing", "plural": "things"}, "versions": []}})"},
      {"definition: empty spec", "POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions?dryRun=All",
       R"({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "things.cases.example.com"}, "spec": {}})"},
      {"definition: two storage versions", "POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions?dryRun=All",
       R"({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "things.cases.example.com"}, "spec": {"group": "cases.example.com", "scope": "Everywhere",
        "names": {"kind": "Thing", "plural": "things"}, "versions": [
        {"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": {"type": "object"}}},
        {"name": "v2", "served": true, "storage": true, "schema": {"openAPIV3Schema": {"type": "object"}}}]}})"},
      {"definition: scope does not change", "PATCH",
       "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/samples.cases.example.com",
       R"({"spec": {"scope": "Cluster"}})", std::string(kMergePatch)},
      {"definition: group does not change", "PATCH",
       "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/samples.cases.example.com",
       R"({"spec": {"group": "other.example.com"}})", std::string(kMergePatch)},
      {"definition: protected group", "POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions?dryRun=All",
       R"({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "things.things.k8s.io"}, "spec": {"group": "things.k8s.io", "scope": "Namespaced",
        "names": {"kind": "Thing", "plural": "things"}, "versions": [
        {"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": {"type": "object"}}}]}})"},
  };
}

}  // namespace

std::vector<StatusCase> definition_status_cases() {
  std::vector<StatusCase> rows = schema_cases();
  for (StatusCase& row : definition_cases()) rows.push_back(std::move(row));
  return rows;
}

}  // namespace slipway::real
