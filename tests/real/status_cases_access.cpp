#include <fmt/core.h>

#include "real/status_cases.h"

namespace slipway::real {

namespace {

const std::string kMaps(kCaseConfigMaps);
const std::string kRbac = "/apis/rbac.authorization.k8s.io/v1";

StatusCase by_jane(std::string name, std::string method, std::string path, std::string body = "",
                   std::string_view type = "application/json") {
  return {.name = "jane: " + name,
          .method = std::move(method),
          .path = std::move(path),
          .body = std::move(body),
          .content_type = std::string(type),
          .headers = {"Impersonate-User: jane"}};
}

std::string role(std::string_view verbs, std::string_view resources = R"(["secrets"])") {
  return fmt::format(R"({{"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {{"name": "wide"}},
    "rules": [{{"apiGroups": [""], "resources": {}, "verbs": {}}}]}})",
                     resources, verbs);
}

}  // namespace

std::vector<StatusCase> access_status_cases() {
  const std::string secrets(kCaseSecrets);
  const std::string map = R"({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "j"}})";
  return {
      by_jane("get", "GET", secrets + "/kept"),
      by_jane("list", "GET", secrets),
      by_jane("list everywhere", "GET", "/api/v1/secrets"),
      by_jane("watch", "GET", secrets + "?timeoutSeconds=1&watch=true"),
      by_jane("create", "POST", kMaps, map),
      by_jane("update", "PUT", kMaps + "/present", map),
      by_jane("patch", "PATCH", kMaps + "/present", "{}", kMergePatch),
      by_jane("delete", "DELETE", kMaps + "/present"),
      by_jane("deletecollection", "DELETE", kMaps),
      by_jane("cluster-scoped", "GET", "/api/v1/nodes/n"),
      by_jane("cluster-scoped list", "GET", "/api/v1/nodes"),
      by_jane("namespace", "GET", "/api/v1/namespaces/other"),
      by_jane("custom", "GET", std::string(kCaseSamples) + "/present"),
      by_jane("custom create", "POST", std::string(kCaseSamples), "{}"),
      by_jane("status", "GET", std::string(kCaseSamples) + "/present/status"),
      by_jane("unknown group", "GET", "/apis/nothing.example.com/v1/gizmos"),
      by_jane("unknown resource", "GET", "/api/v1/namespaces/cases/gizmos/a"),
      by_jane("path", "GET", "/metrics"),
      by_jane("unknown path", "POST", "/nothing", "{}"),
      by_jane("definition", "POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", "{}"),
      by_jane("subresource", "POST", "/api/v1/namespaces/cases/serviceaccounts/default/token", "{}"),
      by_jane("not found for her", "GET", kMaps + "/nobody"),
      by_jane("escalation", "POST", kRbac + "/namespaces/cases/roles", role(R"(["get"])")),
      by_jane("escalation by several rights", "POST", kRbac + "/namespaces/cases/roles",
              role(R"(["get", "list"])", R"(["secrets", "configmaps"])")),
      by_jane("escalation by a binding", "POST", kRbac + "/namespaces/cases/rolebindings",
              R"({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding",
        "metadata": {"name": "wide"}, "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "role-writer-not-there"},
        "subjects": []})"),
      by_jane("escalation by a binding to more", "POST", kRbac + "/namespaces/cases/rolebindings",
              R"({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding",
        "metadata": {"name": "wide"}, "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"},
        "subjects": []})"),
      by_jane("apply that creates", "PATCH", kMaps + "/fresh?fieldManager=jane", map, kApplyPatch),
      {"anonymous: get", "GET", kMaps + "/present", "", "", {}, true},
      {"anonymous: list", "GET", "/api/v1/namespaces", "", "", {}, true},
      {"anonymous: path", "GET", "/nothing", "", "", {}, true},
      {"anonymous: create", "POST", kMaps, map, "application/json", {}, true},
      {"unauthorized: bearer token", "GET", kMaps + "/present", "", "", {"Authorization: Bearer nonsense"}, true},
      {"unauthorized: bearer token of a watch",
       "GET",
       kMaps + "?timeoutSeconds=1&watch=true",
       "",
       "",
       {"Authorization: Bearer nonsense"},
       true},
      {"unauthorized: bearer token that looks like one",
       "GET",
       kMaps,
       "",
       "",
       {"Authorization: Bearer eyJhbGciOiJSUzI1NiJ9.e30.c2ln"},
       true},
      {"impersonation: group without user", "GET", kMaps, "", "", {"Impersonate-Group: a"}},
      {"impersonation: by somebody without the right", "GET", kMaps, "", "", {"Impersonate-User: a"}, true},
      {"impersonation: unknown service account",
       "GET",
       kMaps,
       "",
       "",
       {"Impersonate-User: system:serviceaccount:cases:robot"}},
      {"review: no spec", "POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
       R"({"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview", "spec": {}})"},
      {"review: both kinds of attributes", "POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
       R"({"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": {"verb": "get"}, "nonResourceAttributes": {"verb": "get", "path": "/"}}})"},
      {"review: nobody", "POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews",
       R"({"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview", "spec": {"resourceAttributes": {"verb": "get"}}})"},
      {"review: another namespace", "POST", "/apis/authorization.k8s.io/v1/namespaces/cases/localsubjectaccessreviews",
       R"({"apiVersion": "authorization.k8s.io/v1", "kind": "LocalSubjectAccessReview",
        "metadata": {"namespace": "cases"}, "spec": {"user": "a", "resourceAttributes": {"verb": "get", "namespace": "other"}}})"},
      {"review: rules without namespace", "POST", "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews",
       R"({"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectRulesReview", "spec": {}})"},
      {"review: token is empty", "POST", "/apis/authentication.k8s.io/v1/tokenreviews",
       R"({"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "spec": {}})"},
      {"token: of an account that is not there", "POST", "/api/v1/namespaces/cases/serviceaccounts/nobody/token",
       R"({"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}})"},
      {"token: short life", "POST", "/api/v1/namespaces/cases/serviceaccounts/nobody/token",
       R"({"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": 5}})"},
  };
}

}  // namespace slipway::real
