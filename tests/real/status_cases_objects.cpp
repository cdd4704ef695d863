#include <fmt/core.h>

#include "real/status_cases.h"

namespace slipway::real {

namespace {

const std::string kMaps(kCaseConfigMaps);
const std::string kSamples(kCaseSamples);
const std::string kMerge(kMergePatch);

std::string map_named(std::string_view name, std::string_view more = "") {
  return fmt::format(R"({{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {{"name": "{}"{}}}}})", name, more);
}

std::vector<StatusCase> not_found_cases() {
  const std::string rbac = "/apis/rbac.authorization.k8s.io/v1";
  return {
      {"not found: core", "GET", kMaps + "/nobody"},
      {"not found: cluster-scoped", "GET", "/api/v1/namespaces/nobody"},
      {"not found: node", "GET", "/api/v1/nodes/nobody"},
      {"not found: group", "GET", rbac + "/namespaces/cases/roles/nobody"},
      {"not found: clusterrole", "GET", rbac + "/clusterroles/nobody"},
      {"not found: custom", "GET", kSamples + "/nobody"},
      {"not found: definition", "GET", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/nobody.example.com"},
      {"not found: namespace of a get", "GET", "/api/v1/namespaces/nowhere/configmaps/a"},
      {"not found: delete", "DELETE", kMaps + "/nobody"},
      {"not found: delete custom", "DELETE", kSamples + "/nobody"},
      {"not found: merge patch", "PATCH", kMaps + "/nobody", R"({"data": {"a": "1"}})", kMerge},
      {"not found: merge patch of custom", "PATCH", kSamples + "/nobody", R"({"spec": {"size": 1}})", kMerge},
      {"not found: update with resourceVersion", "PUT", kMaps + "/nobody",
       map_named("nobody", R"(, "resourceVersion": "1")")},
      {"not found: update of custom", "PUT", kSamples + "/nobody", R"({"apiVersion": "cases.example.com/v1",
        "kind": "Sample", "metadata": {"name": "nobody", "resourceVersion": "1"}, "spec": {"size": 1}})"},
      {"not found: update of a Secret", "PUT", std::string(kCaseSecrets) + "/nobody",
       R"({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "nobody", "uid": "x"}})"},
      {"not found: namespace of a create", "POST", "/api/v1/namespaces/nowhere/configmaps", map_named("a")},
      {"not found: namespace of a custom create", "POST", "/apis/cases.example.com/v1/namespaces/nowhere/samples",
       R"({"apiVersion": "cases.example.com/v1", "kind": "Sample", "metadata": {"name": "a"}, "spec": {"size": 1}})"},
      {"not found: resource", "GET", "/api/v1/namespaces/cases/gizmos"},
      {"not found: resource with name", "GET", "/api/v1/namespaces/cases/gizmos/a"},
      {"not found: group of resources", "GET", "/apis/nothing.example.com/v1/gizmos"},
      {"not found: group document", "GET", "/apis/nothing.example.com"},
      {"not found: version", "GET", "/apis/cases.example.com/v7/namespaces/cases/samples"},
      {"not found: core version", "GET", "/api/v7/configmaps"},
      {"not found: resource of a custom group", "GET", "/apis/cases.example.com/v1/namespaces/cases/gizmos"},
      {"not found: post to unknown", "POST", "/apis/nothing.example.com/v1/gizmos", "{}"},
      {"not found: path", "GET", "/nothing/here"},
      {"not found: scale", "GET", kMaps + "/present/scale"},
      {"not found: status of a kind without", "GET", kMaps + "/present/status"},
      {"not found: scale of custom", "GET", kSamples + "/present/scale"},
      {"not found: status of custom without", "GET",
       "/apis/cases.example.com/v1beta1/namespaces/cases/samples/present/status"},
      {"not found: status of a missing custom object", "GET", kSamples + "/nobody/status"},
      {"not found: unknown subresource", "GET", "/api/v1/namespaces/cases/spin"},
      {"not found: namespaced resource by cluster path", "GET", "/api/v1/configmaps/present"},
      {"not found: cluster resource by namespaced path", "GET", "/api/v1/namespaces/cases/nodes"},
  };
}

std::vector<StatusCase> conflict_cases() {
  const std::string other_uid = R"({"preconditions": {"uid": "11111111-2222-3333-4444-555555555555"}})";
  return {
      {"exists: core", "POST", kMaps, map_named("present")},
      {"exists: namespace", "POST", "/api/v1/namespaces",
       R"({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "cases"}})"},
      {"exists: group", "POST", "/apis/rbac.authorization.k8s.io/v1/clusterroles",
       R"({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "cases"}})"},
      {"exists: custom", "POST", kSamples,
       R"({"apiVersion": "cases.example.com/v1", "kind": "Sample", "metadata": {"name": "present"}, "spec": {"size": 1}})"},
      {"exists: dry run", "POST", kMaps + "?dryRun=All", map_named("present")},
      {"conflict: stale resourceVersion", "PUT", kMaps + "/present",
       map_named("present", R"(, "resourceVersion": "1")")},
      {"conflict: stale resourceVersion, custom", "PUT", kSamples + "/present",
       R"({"apiVersion": "cases.example.com/v1",
        "kind": "Sample", "metadata": {"name": "present", "resourceVersion": "1"}, "spec": {"size": 1}})"},
      {"conflict: stale resourceVersion, status", "PUT", kSamples + "/present/status",
       R"({"apiVersion": "cases.example.com/v1",
        "kind": "Sample", "metadata": {"name": "present", "resourceVersion": "1"}, "spec": {"size": 1}})"},
      {"conflict: stale resourceVersion in a patch", "PATCH", kMaps + "/present",
       R"({"metadata": {"resourceVersion": "1"}})", kMerge},
      {"conflict: other uid in an update", "PUT", kMaps + "/present",
       map_named("present", R"(, "uid": "11111111-2222-3333-4444-555555555555")")},
      {"conflict: other uid in an update, custom", "PUT", kSamples + "/present",
       R"({"apiVersion": "cases.example.com/v1",
        "kind": "Sample", "metadata": {"name": "present", "resourceVersion": "1", "uid": "11111111-2222-3333-4444-555555555555"},
        "spec": {"size": 1}})"},
      {"conflict: other uid in a patch", "PATCH", kMaps + "/present",
       R"({"metadata": {"uid": "11111111-2222-3333-4444-555555555555"}})", kMerge},
      {"conflict: uid precondition of a delete", "DELETE", kMaps + "/present", other_uid},
      {"conflict: uid precondition of a delete, custom", "DELETE", kSamples + "/present", other_uid},
      {"conflict: resourceVersion precondition of a delete", "DELETE", kMaps + "/present",
       R"({"preconditions": {"resourceVersion": "1"}})"},
      {"conflict: uid precondition of a namespace", "DELETE", "/api/v1/namespaces/cases", other_uid},
      {"invalid: update of custom without resourceVersion", "PUT", kSamples + "/present",
       R"({"apiVersion": "cases.example.com/v1",
        "kind": "Sample", "metadata": {"name": "present"}, "spec": {"size": 1}})"},
      {"invalid: resourceVersion that is no number", "PUT", kMaps + "/present",
       map_named("present", R"(, "resourceVersion": "x")")},
      {"invalid: create with resourceVersion", "POST", kMaps, map_named("fresh", R"(, "resourceVersion": "5")")},
      {"delete: namespace that ends already", "DELETE", "/api/v1/namespaces/ending"},
      {"forbidden: protected namespace", "DELETE", "/api/v1/namespaces/default"},
      {"forbidden: protected namespace kube-system", "DELETE", "/api/v1/namespaces/kube-system"},
      {"forbidden: create in a namespace that ends", "POST", "/api/v1/namespaces/ending/configmaps", map_named("a")},
      {"forbidden: custom create in a namespace that ends", "POST",
       "/apis/cases.example.com/v1/namespaces/ending/samples",
       R"({"apiVersion": "cases.example.com/v1", "kind": "Sample", "metadata": {"name": "a"}, "spec": {"size": 1}})"},
  };
}

}  // namespace

std::vector<StatusCase> object_status_cases() {
  std::vector<StatusCase> rows = not_found_cases();
  for (StatusCase& row : conflict_cases()) rows.push_back(std::move(row));
  return rows;
}

}  // namespace slipway::real
