#include <fmt/core.h>

#include "real/status_cases.h"

namespace slipway::real {

namespace {

constexpr const char* kSampleDefinition =
    R"json({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
"metadata": {"name": "samples.cases.example.com"},
"spec": {"group": "cases.example.com", "scope": "Namespaced",
 "names": {"kind": "Sample", "listKind": "SampleList", "plural": "samples", "singular": "sample"},
 "versions": [
  {"name": "v1", "served": true, "storage": true, "subresources": {"status": {}},
   "selectableFields": [{"jsonPath": ".spec.color"}],
   "schema": {"openAPIV3Schema": {"type": "object", "required": ["spec"], "properties": {
    "spec": {"type": "object", "required": ["size"],
     "x-kubernetes-validations": [
      {"rule": "!has(self.low) || !has(self.high) || self.low <= self.high", "message": "low must not be above high"},
      {"rule": "!has(self.color) || self.color != 'blue' || self.size > 1",
       "messageExpression": "'blue is too small' + (self.size == 1 ? ' at one' : '')", "fieldPath": ".size",
       "reason": "FieldValueForbidden"},
      {"rule": "!has(oldSelf.fixed) || has(self.fixed)", "message": "fixed must stay"}],
     "properties": {
      "size": {"type": "integer", "minimum": 1, "maximum": 100},
      "low": {"type": "integer"}, "high": {"type": "integer"},
      "ratio": {"type": "number", "minimum": 0, "exclusiveMinimum": true, "maximum": 1, "exclusiveMaximum": true},
      "step": {"type": "integer", "multipleOf": 5},
      "color": {"type": "string", "enum": ["red", "blue"], "default": "red"},
      "code": {"type": "string", "pattern": "^[a-z]+$", "minLength": 2, "maxLength": 4},
      "when": {"type": "string", "format": "date-time"},
      "where": {"type": "string", "format": "ipv4"},
      "raw": {"type": "string", "format": "byte"},
      "fixed": {"type": "string", "maxLength": 9,
       "x-kubernetes-validations": [{"rule": "self == oldSelf", "message": "fixed is immutable"}]},
      "ready": {"type": "boolean"},
      "either": {"x-kubernetes-int-or-string": true},
      "names": {"type": "array", "minItems": 1, "maxItems": 3, "x-kubernetes-list-type": "set",
       "items": {"type": "string"}},
      "parts": {"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"],
       "items": {"type": "object", "required": ["name"],
        "properties": {"name": {"type": "string"}, "count": {"type": "integer", "minimum": 0}}}},
      "marks": {"type": "object", "maxProperties": 2, "additionalProperties": {"type": "string"}},
      "choice": {"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "string"}},
       "oneOf": [{"required": ["a"]}, {"required": ["b"]}]},
      "not": {"type": "object", "properties": {"a": {"type": "string"}}, "not": {"required": ["a"]}},
      "nothing": {"type": "string", "nullable": true},
      "nested": {"type": "object", "required": ["first", "second"],
       "properties": {"first": {"type": "string"}, "second": {"type": "string"}}}}},
    "status": {"type": "object", "properties": {"phase": {"type": "string", "enum": ["Up", "Down"]}}}}}}},
  {"name": "v1beta1", "served": true, "storage": false, "deprecated": true,
   "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}}}]}})json";

StatusCase made(std::string path, std::string body) {
  const std::string name = "preparation " + body.substr(0, 120);
  return {.name = name, .method = "POST", .path = std::move(path), .body = std::move(body)};
}

}  // namespace

std::vector<StatusCase> status_preparations() {
  const std::string maps(kCaseConfigMaps);
  const std::string secrets(kCaseSecrets);
  const std::string rbac = "/apis/rbac.authorization.k8s.io/v1";
  std::vector<StatusCase> rows;
  const auto make = [&rows](std::string path, std::string body) {
    rows.push_back(made(std::move(path), std::move(body)));
  };
  for (const char* ns : {"cases", "ending"})
    make("/api/v1/namespaces",
         fmt::format(R"({{"apiVersion": "v1", "kind": "Namespace", "metadata": {{"name": "{}"}}}})", ns));
  make("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", kSampleDefinition);
  for (const char* name : {"present", "other"})
    make(maps, fmt::format(R"({{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {{"name": "{}"}},
      "data": {{"a": "1"}}}})",
                           name));
  make(maps, R"({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "frozen"}, "immutable": true,
    "data": {"a": "1"}})");
  make(secrets, R"({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "kept"}, "data": {"a": "MQ=="}})");
  make(secrets, R"({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "frozen"}, "immutable": true,
    "data": {"a": "MQ=="}})");
  make(rbac + "/clusterroles", R"({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole",
    "metadata": {"name": "cases"}, "rules": [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get"]}]})");
  make(rbac + "/namespaces/cases/rolebindings", R"({"apiVersion": "rbac.authorization.k8s.io/v1",
    "kind": "RoleBinding", "metadata": {"name": "bound"},
    "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cases"},
    "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "jane"}]})");
  make(rbac + "/clusterroles", R"({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole",
    "metadata": {"name": "role-writer"}, "rules": [{"apiGroups": ["rbac.authorization.k8s.io"],
    "resources": ["roles", "rolebindings"], "verbs": ["create", "update", "patch", "get"]}]})");
  make(rbac + "/namespaces/cases/rolebindings", R"({"apiVersion": "rbac.authorization.k8s.io/v1",
    "kind": "RoleBinding", "metadata": {"name": "role-writer"},
    "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "role-writer"},
    "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "jane"}]})");
  make(std::string(kCaseSamples), R"({"apiVersion": "cases.example.com/v1", "kind": "Sample",
    "metadata": {"name": "present"}, "spec": {"size": 5, "fixed": "x"}})");
  make("/apis/coordination.k8s.io/v1/namespaces/cases/leases", R"({"apiVersion": "coordination.k8s.io/v1",
    "kind": "Lease", "metadata": {"name": "present"}, "spec": {"holderIdentity": "a", "leaseDurationSeconds": 5}})");
  // A namespace that ends and cannot: something in it is held.
  make("/api/v1/namespaces/ending/configmaps", R"({"apiVersion": "v1", "kind": "ConfigMap",
    "metadata": {"name": "held", "finalizers": ["example.com/hold"]}})");
  rows.push_back({.name = "preparation: what is held ends",
                  .method = "DELETE",
                  .path = "/api/v1/namespaces/ending/configmaps/held"});
  rows.push_back({.name = "preparation: the namespace ends", .method = "DELETE", .path = "/api/v1/namespaces/ending"});
  // Two managers of one object.
  for (const char* manager : {"one", "two"})
    rows.push_back(
        {.name = std::string("preparation: apply by ") + manager,
         .method = "PATCH",
         .path = fmt::format("{}/shared?fieldManager={}", kCaseConfigMaps, manager),
         .body = fmt::format(
             R"({{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {{"name": "shared"}}, "data": {{"{0}": "{0}", "both": "x"}}}})",
             manager),
         .content_type = std::string(kApplyPatch)});
  return rows;
}

}  // namespace slipway::real
