#include <fmt/core.h>

#include "real/status_cases.h"

namespace slipway::real {

namespace {

const std::string kMaps(kCaseConfigMaps);
const std::string kSecrets(kCaseSecrets);
const std::string kMerge(kMergePatch);
const std::string kRbac = "/apis/rbac.authorization.k8s.io/v1";
const std::string kRoles = kRbac + "/namespaces/cases/roles";
const std::string kBindings = kRbac + "/namespaces/cases/rolebindings";
const std::string kLeases = "/apis/coordination.k8s.io/v1/namespaces/cases/leases";

StatusCase map_with(std::string name, std::string_view metadata, std::string_view more = "") {
  return {.name = "metadata: " + name,
          .method = "POST",
          .path = kMaps + "?dryRun=All",
          .body = fmt::format(R"({{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {}{}}})", metadata, more)};
}

StatusCase changed(std::string name, std::string path, std::string patch) {
  return {.name = "change: " + name,
          .method = "PATCH",
          .path = std::move(path),
          .body = std::move(patch),
          .content_type = kMerge};
}

StatusCase role(std::string name, std::string_view rules) {
  return {
      .name = "role: " + name,
      .method = "POST",
      .path = kRoles + "?dryRun=All",
      .body = fmt::format(
          R"({{"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {{"name": "r"}}, "rules": {}}})",
          rules)};
}

StatusCase binding(std::string name, std::string_view reference, std::string_view subjects) {
  return {.name = "binding: " + name,
          .method = "POST",
          .path = kBindings + "?dryRun=All",
          .body = fmt::format(
              R"({{"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": {{"name": "b"}},
            "roleRef": {}, "subjects": {}}})",
              reference, subjects)};
}

std::vector<StatusCase> metadata_cases() {
  return {
      map_with("upper case name", R"({"name": "Upper"})"),
      map_with("name with a slash", R"({"name": "a/b"})"),
      map_with("name that is too long", fmt::format(R"({{"name": "{}"}})", std::string(254, 'a'))),
      map_with("name .", R"({"name": "."})"),
      map_with("no name", R"({})"),
      map_with("empty name with generateName that is no prefix", R"({"generateName": "Upper-"})"),
      map_with("label key", R"({"name": "m", "labels": {"-bad": "x"}})"),
      map_with("label key with two slashes", R"({"name": "m", "labels": {"a/b/c": "x"}})"),
      map_with("label value", R"({"name": "m", "labels": {"a": "not good"}})"),
      map_with("label value that is too long",
               fmt::format(R"({{"name": "m", "labels": {{"a": "{}"}}}})", std::string(64, 'a'))),
      map_with("label prefix", R"({"name": "m", "labels": {"Bad_Prefix/a": "x"}})"),
      map_with("annotation key", R"({"name": "m", "annotations": {"bad key": "x"}})"),
      map_with("annotations that are too large",
               fmt::format(R"({{"name": "m", "annotations": {{"a": "{}"}}}})", std::string(256 * 1024 + 1, 'a'))),
      map_with("finalizer", R"({"name": "m", "finalizers": ["not good"]})"),
      map_with("finalizer without a domain", R"({"name": "m", "finalizers": ["plain"]})"),
      map_with("both kinds of dependents", R"({"name": "m", "finalizers": ["orphan", "foregroundDeletion"]})"),
      map_with("owner that is empty", R"({"name": "m", "ownerReferences": [{}]})"),
      map_with("owner with a version that is none",
               R"({"name": "m", "ownerReferences": [{"apiVersion": "a/b/c", "kind": "K", "name": "n", "uid": "u"}]})"),
      map_with(
          "managedFields with an operation that is none",
          R"({"name": "m", "managedFields": [{"manager": "a", "operation": "Guess", "apiVersion": "v1", "fieldsType": "FieldsV1", "fieldsV1": {}}]})"),
      map_with(
          "managedFields with fields that are none",
          R"({"name": "m", "managedFields": [{"manager": "a", "operation": "Update", "apiVersion": "v1", "fieldsType": "FieldsV1", "fieldsV1": {"x": {}}}]})"),
      map_with("data key", R"({"name": "m"})", R"(, "data": {"bad key": "x"})"),
      map_with("data key ..", R"({"name": "m"})", R"(, "data": {"..": "x"})"),
      map_with("key in data and binaryData", R"({"name": "m"})",
               R"(, "data": {"a": "x"}, "binaryData": {"a": "eA=="})"),
      map_with("binaryData that is no base64", R"({"name": "m"})", R"(, "binaryData": {"a": "***"})"),
      map_with("data that is too large", R"({"name": "m"})",
               fmt::format(R"(, "data": {{"a": "{}"}})", std::string((1 << 20) + 1, 'a'))),
      map_with("data of the wrong type", R"({"name": "m"})", R"(, "data": {"a": 1})"),
      map_with("data that is a list", R"({"name": "m"})", R"(, "data": ["a"])"),
      map_with("immutable of the wrong type", R"({"name": "m"})", R"(, "immutable": "yes")"),
      map_with("metadata of the wrong type", R"("m")"),
      map_with("labels of the wrong type", R"({"name": "m", "labels": {"a": 1}})"),
      map_with("creationTimestamp that is no time", R"({"name": "m", "creationTimestamp": "yesterday"})"),
      {"metadata: namespace name with a dot", "POST", "/api/v1/namespaces?dryRun=All",
       R"({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "a.b"}})"},
      {"metadata: namespace name that is too long", "POST", "/api/v1/namespaces?dryRun=All",
       fmt::format(R"({{"apiVersion": "v1", "kind": "Namespace", "metadata": {{"name": "{}"}}}})",
                   std::string(64, 'a'))},
      {"metadata: service account name", "POST", "/api/v1/namespaces/cases/serviceaccounts?dryRun=All",
       R"({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "A"}})"},
      {"metadata: node name", "POST", "/api/v1/nodes?dryRun=All",
       R"({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "A"}})"},
      {"metadata: namespace in a cluster-scoped object", "POST", "/api/v1/namespaces?dryRun=All",
       R"({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "x", "namespace": "y"}})"},
  };
}

std::vector<StatusCase> change_cases() {
  return {
      changed("immutable data", kMaps + "/frozen", R"({"data": {"a": "2"}})"),
      changed("immutable flag", kMaps + "/frozen", R"({"immutable": false})"),
      changed("immutable binaryData", kMaps + "/frozen", R"({"binaryData": {"b": "eA=="}})"),
      changed("immutable secret", kSecrets + "/frozen", R"({"data": {"a": "Mg=="}})"),
      changed("immutable flag of a secret", kSecrets + "/frozen", R"({"immutable": null})"),
      changed("type of a secret", kSecrets + "/kept", R"({"type": "example.com/other"})"),
      changed("name", kMaps + "/present", R"({"metadata": {"name": "b"}})"),
      changed("namespace", kMaps + "/present", R"({"metadata": {"namespace": "b"}})"),
      changed("creationTimestamp", kMaps + "/present",
              R"({"metadata": {"creationTimestamp": "2020-01-01T00:00:00Z"}})"),
      changed("deletionTimestamp", kMaps + "/present",
              R"({"metadata": {"deletionTimestamp": "2020-01-01T00:00:00Z"}})"),
      changed("finalizer of what is being deleted", "/api/v1/namespaces/ending/configmaps/held",
              R"({"metadata": {"finalizers": ["example.com/hold", "example.com/new"]}})"),
      changed("kind", kMaps + "/present", R"({"kind": "Secret"})"),
      changed("spec.finalizers of a namespace", std::string(kCaseNamespace),
              R"({"spec": {"finalizers": ["not good"]}})"),
      changed("name label of a namespace", std::string(kCaseNamespace),
              R"({"metadata": {"labels": {"kubernetes.io/metadata.name": "x"}}})"),
      changed("roleRef", kBindings + "/bound", R"({"roleRef": {"name": "other"}})"),
      changed("roleRef to no kind of role", kBindings + "/bound", R"({"roleRef": {"kind": "Thing"}})"),
      changed("lease duration", kLeases + "/present", R"({"spec": {"leaseDurationSeconds": 0}})"),
      changed("lease transitions", kLeases + "/present", R"({"spec": {"leaseTransitions": -1}})"),
      changed("lease time", kLeases + "/present", R"({"spec": {"renewTime": "now"}})"),
      {"finalize: names", "PUT", std::string(kCaseNamespace) + "/finalize",
       R"({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "cases"}, "spec": {"finalizers": ["not good"]}})"},
      {"finalize: method", "POST", std::string(kCaseNamespace) + "/finalize",
       R"({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "cases"}})"},
      {"secret: data that is no base64", "POST", kSecrets + "?dryRun=All",
       R"({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "m"}, "data": {"a": "***"}})"},
      {"secret: key", "POST", kSecrets + "?dryRun=All",
       R"({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "m"}, "stringData": {"a b": "x"}})"},
      {"secret: data that is too large", "POST", kSecrets + "?dryRun=All",
       fmt::format(
           R"({{"apiVersion": "v1", "kind": "Secret", "metadata": {{"name": "m"}}, "stringData": {{"a": "{}"}}}})",
           std::string((1 << 20) + 1, 'a'))},
      {"secret: type tls without its keys", "POST", kSecrets + "?dryRun=All",
       R"({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "m"}, "type": "kubernetes.io/tls"})"},
      {"secret: type basic-auth without its keys", "POST", kSecrets + "?dryRun=All",
       R"({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "m"}, "type": "kubernetes.io/basic-auth"})"},
      {"secret: type ssh-auth without its key", "POST", kSecrets + "?dryRun=All",
       R"({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "m"}, "type": "kubernetes.io/ssh-auth"})"},
      {"secret: type dockerconfigjson without its key", "POST", kSecrets + "?dryRun=All",
       R"({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "m"}, "type": "kubernetes.io/dockerconfigjson"})"},
      {"secret: type dockerconfigjson that is no JSON", "POST", kSecrets + "?dryRun=All",
       R"({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "m"}, "type": "kubernetes.io/dockerconfigjson", "stringData": {".dockerconfigjson": "{"}})"},
      {"secret: type dockercfg without its key", "POST", kSecrets + "?dryRun=All",
       R"({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "m"}, "type": "kubernetes.io/dockercfg"})"},
      {"secret: service account token without its annotation", "POST", kSecrets + "?dryRun=All",
       R"({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "m"}, "type": "kubernetes.io/service-account-token"})"},
      {"lease: duration", "POST", kLeases + "?dryRun=All",
       R"({"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": "m"}, "spec": {"leaseDurationSeconds": -3}})"},
      {"lease: preferredHolder without strategy", "POST", kLeases + "?dryRun=All",
       R"({"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": "m"}, "spec": {"preferredHolder": "b"}})"},
      {"event: of another namespace", "POST", "/api/v1/namespaces/cases/events?dryRun=All",
       R"({"apiVersion": "v1", "kind": "Event", "metadata": {"name": "m"}, "involvedObject": {"kind": "Pod", "name": "p", "namespace": "other"}})"},
      {"event: new form without its fields", "POST", "/apis/events.k8s.io/v1/namespaces/cases/events?dryRun=All",
       R"({"apiVersion": "events.k8s.io/v1", "kind": "Event", "metadata": {"name": "m"}, "regarding": {"kind": "Pod", "name": "p", "namespace": "cases"}})"},
  };
}

std::vector<StatusCase> rbac_cases() {
  const std::string reference = R"({"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cases"})";
  return {
      role("no verbs", R"([{"apiGroups": [""], "resources": ["configmaps"]}])"),
      role("no resources", R"([{"apiGroups": [""], "verbs": ["get"]}])"),
      role("no groups", R"([{"resources": ["configmaps"], "verbs": ["get"]}])"),
      role("paths in a namespace", R"([{"nonResourceURLs": ["/healthz"], "verbs": ["get"]}])"),
      role("rules of the wrong type", R"([{"apiGroups": "", "resources": ["configmaps"], "verbs": ["get"]}])"),
      {"role: paths beside resources", "POST", kRbac + "/clusterroles?dryRun=All",
       R"({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "c"},
        "rules": [{"nonResourceURLs": ["/a"], "apiGroups": [""], "resources": ["b"], "verbs": ["get"]}]})"},
      {"role: aggregation selector", "POST", kRbac + "/clusterroles?dryRun=All",
       R"({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "c"},
        "aggregationRule": {"clusterRoleSelectors": [{"matchLabels": {"a b": "c"}}]}})"},
      {"role: aggregation without selectors", "POST", kRbac + "/clusterroles?dryRun=All",
       R"({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "c"},
        "aggregationRule": {"clusterRoleSelectors": []}})"},
      binding("no role", "{}", "[]"),
      binding("role of another group", R"({"apiGroup": "example.com", "kind": "ClusterRole", "name": "cases"})", "[]"),
      binding("role of another kind", R"({"apiGroup": "rbac.authorization.k8s.io", "kind": "Thing", "name": "cases"})",
              "[]"),
      binding("role with a name that is none",
              R"({"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "a/b"})", "[]"),
      binding("subject without a name", reference, R"([{"kind": "User"}])"),
      binding("subject of an unknown kind", reference, R"([{"kind": "Robot", "name": "r"}])"),
      binding("service account without a namespace", reference, R"([{"kind": "ServiceAccount", "name": "r"}])"),
      binding("service account with a name that is none", reference,
              R"([{"kind": "ServiceAccount", "name": "R_", "namespace": "cases"}])"),
      binding("user of another group", reference, R"([{"apiGroup": "example.com", "kind": "User", "name": "r"}])"),
      {"binding: cluster binding to a role", "POST", kRbac + "/clusterrolebindings?dryRun=All",
       R"({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": {"name": "c"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "cases"}})"},
      {"role: name that is a path", "POST", kRoles,
       R"({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": "a%b"}})"},
  };
}

}  // namespace

std::vector<StatusCase> validation_status_cases() {
  std::vector<StatusCase> rows = metadata_cases();
  for (const auto& cases : {change_cases, rbac_cases})
    for (StatusCase& row : cases()) rows.push_back(std::move(row));
  return rows;
}

}  // namespace slipway::real
