#include <fmt/core.h>

#include "data/encoding.h"
#include "real/status_cases.h"

namespace slipway::real {

namespace {

const std::string kMaps(kCaseConfigMaps);
const std::string kSamples(kCaseSamples);
const std::string kGoodMap = R"({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "q"}})";

std::vector<StatusCase> body_cases() {
  const std::string sample =
      R"({"apiVersion": "cases.example.com/v1", "kind": "Sample", "metadata": {"name": "q"}, "spec": {"size": 1}})";
  return {
      {"body: empty", "POST", kMaps, ""},
      {"body: empty, custom", "POST", kSamples, ""},
      {"body: no JSON", "POST", kMaps, "nonsense"},
      {"body: cut JSON", "POST", kMaps, R"({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "q")"},
      {"body: cut JSON, custom", "POST", kSamples, R"({"apiVersion": "cases.example.com/v1", "kind": "Sample")"},
      {"body: list", "POST", kMaps, "[]"},
      {"body: null", "POST", kMaps, "null"},
      {"body: number", "POST", kMaps, "5"},
      {"body: no kind", "POST", kMaps, R"({"metadata": {"name": "q-1"}})"},
      {"body: no kind, custom", "POST", kSamples, R"({"metadata": {"name": "q-1"}, "spec": {"size": 1}})"},
      {"body: no apiVersion", "POST", kMaps, R"({"kind": "ConfigMap", "metadata": {"name": "q-2"}})"},
      {"body: no apiVersion, custom", "POST", kSamples,
       R"({"kind": "Sample", "metadata": {"name": "q-2"}, "spec": {"size": 1}})"},
      {"body: kind alone missing", "POST", kMaps, R"({"apiVersion": "v1", "metadata": {"name": "q-3"}})"},
      {"body: another kind", "POST", kMaps, R"({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "q"}})"},
      {"body: another version", "POST", kMaps,
       R"({"apiVersion": "v2", "kind": "ConfigMap", "metadata": {"name": "q"}})"},
      {"body: unknown kind", "POST", kMaps, R"({"apiVersion": "v1", "kind": "Gizmo", "metadata": {"name": "q"}})"},
      {"body: another kind, custom", "POST", kSamples,
       R"({"apiVersion": "cases.example.com/v1", "kind": "Gizmo", "metadata": {"name": "q"}})"},
      {"body: another version, custom", "POST", kSamples,
       R"({"apiVersion": "cases.example.com/v9", "kind": "Sample", "metadata": {"name": "q"}})"},
      {"body: another group, custom", "POST", kSamples,
       R"({"apiVersion": "other.example.com/v1", "kind": "Sample", "metadata": {"name": "q"}})"},
      {"body: apiVersion with two slashes", "POST", kMaps,
       R"({"apiVersion": "a/b/c", "kind": "ConfigMap", "metadata": {"name": "q"}})"},
      {"body: kind of the wrong type", "POST", kMaps, R"({"apiVersion": "v1", "kind": 5, "metadata": {"name": "q"}})"},
      {"body: another namespace", "POST", kMaps,
       R"({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "q", "namespace": "other"}})"},
      {"body: another namespace, custom", "POST", kSamples,
       R"({"apiVersion": "cases.example.com/v1", "kind": "Sample", "metadata": {"name": "q", "namespace": "other"}, "spec": {"size": 1}})"},
      {"body: another name", "PUT", kMaps + "/present",
       R"({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "other"}})"},
      {"body: another name, custom", "PUT", kSamples + "/present",
       R"({"apiVersion": "cases.example.com/v1", "kind": "Sample", "metadata": {"name": "other"}, "spec": {"size": 1}})"},
      {"body: update without a name", "PUT", kMaps + "/present",
       R"({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {}})"},
      {"body: update in another namespace", "PUT", kMaps + "/present",
       R"({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "present", "namespace": "other"}})"},
      {"body: update of another kind", "PUT", kMaps + "/present",
       R"({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "present"}})"},
      {"body: YAML that is none", "POST", kMaps, "a: [b", "application/yaml"},
      {"body: YAML of another kind", "POST", kMaps, "apiVersion: v1\nkind: Secret\nmetadata: {name: q}\n",
       "application/yaml"},
      {"body: invalid UTF-8", "POST", kMaps,
       "{\"apiVersion\": \"v1\", \"kind\": \"ConfigMap\", \"metadata\": {\"name\": \"q-\xff\"}}"},
      {"body: a collection is not put", "PUT", kMaps, kGoodMap},
      {"media type: XML body", "POST", kMaps, "<a/>", "application/xml"},
      {"media type: text body", "POST", kMaps, kGoodMap, "text/plain"},
      {"media type: body, custom", "POST", kSamples, sample, "text/plain"},
      {"media type: protobuf body, custom", "POST", kSamples, "k8s", "application/vnd.kubernetes.protobuf"},
      {"media type: broken protobuf", "POST", kMaps, "junk", "application/vnd.kubernetes.protobuf"},
      {"media type: accept", "GET", kMaps + "/present", "", "", {"Accept: application/xml"}},
      {"media type: accept of a list", "GET", kMaps, "", "", {"Accept: text/csv"}},
      {"media type: accept of custom", "GET", kSamples + "/present", "", "", {"Accept: application/xml"}},
      {"media type: unknown table version",
       "GET",
       kMaps,
       "",
       "",
       {"Accept: application/json;as=Table;v=v9;g=meta.k8s.io"}},
      {"media type: accept of a create", "POST", kMaps, kGoodMap, "application/json", {"Accept: application/xml"}},
      {"media type: patch", "PATCH", kMaps + "/present", "{}", "application/json"},
      {"media type: patch, custom", "PATCH", kSamples + "/present", "{}", "application/json"},
      {"media type: strategic patch, custom", "PATCH", kSamples + "/present", "{}", std::string(kStrategicPatch)},
      {"media type: no content type of a patch", "PATCH", kMaps + "/present", "{}", ""},
      {"method: post to an object", "POST", kMaps + "/present", kGoodMap},
      {"method: patch of a collection", "PATCH", kMaps, "{}", std::string(kMergePatch)},
      {"method: delete of namespaces", "DELETE", "/api/v1/namespaces"},
      {"method: put to a group", "PUT", "/apis", "{}"},
      {"method: post to a version document", "POST", "/api/v1", "{}"},
      {"method: delete of status", "DELETE", kSamples + "/present/status"},
      {"method: post to status", "POST", kSamples + "/present/status", sample},
      {"method: unknown", "FROB", kMaps + "/present"},
      {"method: post without namespace", "POST", "/api/v1/configmaps", kGoodMap},
      {"method: post without namespace, custom", "POST", "/apis/cases.example.com/v1/samples", sample},
      {"method: get of an access review", "GET", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"},
      {"too large: body", "POST", kMaps,
       fmt::format(R"({{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {{"name": "q"}}, "data": {{"a": "{}"}}}})",
                   std::string((3 << 20) + 100, 'a'))},
  };
}

StatusCase asked(std::string query, std::string path = std::string(kCaseConfigMaps)) {
  return {.name = "parameter: " + query + " of " + path.substr(path.rfind('/') + 1),
          .method = "GET",
          .path = path + "?" + query};
}

StatusCase written(std::string query) {
  return {.name = "parameter of a create: " + query, .method = "POST", .path = kMaps + "?" + query, .body = kGoodMap};
}

std::vector<StatusCase> parameter_cases() {
  const std::string future_token =
      data::base64url_encode(R"({"v":"meta.k8s.io/v1","rv":99999999,"start":"cases/a\u0000"})");
  return {
      asked("labelSelector=a%20b%20c"),
      asked("labelSelector=a%20in%20x"),
      asked("labelSelector=%3D%3D"),
      asked("labelSelector=a%3D%40"),
      asked("labelSelector=a%3Eb"),
      asked("labelSelector=Bad_Prefix%2Fa%3Db"),
      asked("fieldSelector=nothing"),
      asked("fieldSelector=spec.nope%3Dx"),
      asked("fieldSelector=metadata.uid%3Dx"),
      asked("fieldSelector=spec.nope%3Dx", kSamples),
      asked("fieldSelector=spec.nope%3Dx", "/api/v1/namespaces"),
      asked("limit=x"),
      asked("limit=-1"),
      asked("timeoutSeconds=x"),
      asked("timeoutSeconds=1&watch=perhaps"),
      asked("resourceVersion=x"),
      asked("resourceVersion=-1"),
      asked("resourceVersion=99999999"),
      asked("resourceVersion=99999999", kSamples),
      asked("resourceVersionMatch=Exact"),
      asked("resourceVersionMatch=Sometimes&resourceVersion=1"),
      asked("resourceVersionMatch=Exact&resourceVersion=0"),
      asked("resourceVersionMatch=NotOlderThan&resourceVersion=x"),
      asked("resourceVersionMatch=Exact&resourceVersion=99999999"),
      asked("resourceVersionMatch=NotOlderThan"),
      asked("continue=nonsense"),
      asked("continue=nonsense", kSamples),
      asked("continue=e30"),
      asked("continue=" + future_token),
      asked("continue=e30&resourceVersion=5"),
      asked("continue=e30&resourceVersionMatch=Exact&resourceVersion=1"),
      asked("continue=e30&resourceVersionMatch=NotOlderThan"),
      asked("sendInitialEvents=true"),
      asked("timeoutSeconds=1&sendInitialEvents=true&watch=true"),
      asked("timeoutSeconds=1&sendInitialEvents=true&watch=true&resourceVersionMatch=Exact&resourceVersion=1"),
      asked("timeoutSeconds=1&watch=true&resourceVersionMatch=NotOlderThan"),
      asked("timeoutSeconds=1&watch=true&resourceVersion=x"),
      asked("timeoutSeconds=1&watch=true&continue=e30"),
      asked("timeoutSeconds=1&watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks="
            "false&"
            "timeoutSeconds=1"),
      asked("timeoutSeconds=1&watch=true&fieldSelector=spec.nope%3Dx"),
      asked("resourceVersion=x", kMaps + "/present"),
      asked("resourceVersion=99999999", kMaps + "/present"),
      asked("resourceVersion=99999999", kSamples + "/present"),
      written("dryRun=None"),
      written("dryRun=All&dryRun=Nothing"),
      written("fieldValidation=Loose"),
      written("fieldManager=" + std::string(129, 'a')),
      written("fieldManager=a%01b"),
      {"parameter of an update: dryRun", "PUT", kMaps + "/present?dryRun=x",
       R"({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "present"}})"},
      {"parameter of a patch: fieldValidation", "PATCH", kMaps + "/present?fieldValidation=x", "{}",
       std::string(kMergePatch)},
      {"parameter of a patch: force without apply", "PATCH", kMaps + "/present?force=true", "{}",
       std::string(kMergePatch)},
      {"parameter of a delete: propagationPolicy", "DELETE", kMaps + "/other?propagationPolicy=Somehow"},
      {"parameter of a delete: gracePeriodSeconds", "DELETE", kMaps + "/other?gracePeriodSeconds=x"},
      {"parameter of a delete: dryRun", "DELETE", kMaps + "/other?dryRun=x"},
      {"options of a delete: propagationPolicy", "DELETE", kMaps + "/other", R"({"propagationPolicy": "Somehow"})"},
      {"options of a delete: orphanDependents and propagationPolicy", "DELETE", kMaps + "/other",
       R"({"orphanDependents": true, "propagationPolicy": "Orphan"})"},
      {"options of a delete: dryRun", "DELETE", kMaps + "/other", R"({"dryRun": ["x"]})"},
      {"options of a delete: another kind", "DELETE", kMaps + "/other", R"({"apiVersion": "v1", "kind": "ConfigMap"})"},
      {"options of a delete: no JSON", "DELETE", kMaps + "/other", "nonsense"},
      {"options of a delete: wrong type", "DELETE", kMaps + "/other", R"({"gracePeriodSeconds": "x"})"},
      {"options of a delete: custom, propagationPolicy", "DELETE", kSamples + "/present",
       R"({"propagationPolicy": "Somehow"})"},
      {"options of a deletecollection: propagationPolicy", "DELETE", kMaps + "?labelSelector=a%3Dnone",
       R"({"propagationPolicy": "Somehow"})"},
      {"options of a deletecollection: selector", "DELETE", kMaps + "?labelSelector=a%20b%20c"},
      {"options of a deletecollection: field selector", "DELETE", kMaps + "?fieldSelector=spec.nope%3Dx"},
      {"options of a deletecollection: body", "DELETE", kMaps + "?labelSelector=a%3Dnone", "nonsense"},
      {"options of a deletecollection: resourceVersionMatch", "DELETE",
       kMaps + "?labelSelector=a%3Dnone&resourceVersionMatch=Exact"},
  };
}

}  // namespace

std::vector<StatusCase> request_status_cases() {
  std::vector<StatusCase> rows = body_cases();
  for (StatusCase& row : parameter_cases()) rows.push_back(std::move(row));
  return rows;
}

}  // namespace slipway::real
