#include "apiserver/openapi/documents.h"

#include <fmt/core.h>
#include <gmock/gmock.h>

#include "data/gzip.h"
#include "data/json_text.h"
#include "registry/test_registry.h"

namespace slipway::apiserver {
namespace {

using data::Json;
using registry::json;
using ::testing::HasSubstr;

constexpr std::string_view kWidgetPath = "apis/example.com/v1";

net::HttpRequest get(std::string path, std::multimap<std::string, std::string> query = {},
                     std::vector<std::pair<std::string, std::string>> headers = {}) {
  net::HttpRequest request;
  request.method = "GET";
  request.path = std::move(path);
  request.query = std::move(query);
  request.headers = std::move(headers);
  return request;
}

std::string header(const net::HttpResponse& response, std::string_view name) {
  for (const auto& [key, value] : response.headers)
    if (key == name) return value;
  return "";
}

// Every $ref below `value` that names no schema of the document.
void dangling(const Json& value, const Json& schemas, std::vector<std::string>& out) {
  constexpr std::string_view kPrefix = "#/components/schemas/";
  for (const auto& [name, member] : value.members()) {
    if (name == "$ref" && member.is_string()) {
      const std::string& target = member.string_or_empty();
      if (!target.starts_with(kPrefix) || !schemas.contains(target.substr(kPrefix.size()))) out.push_back(target);
    }
    dangling(member, schemas, out);
  }
  for (const Json& item : value.items()) dangling(item, schemas, out);
}

TEST(OpenApi, SchemasArePublishedWithTheMembersOfEveryObject) {
  registry::TestRegistry test;
  const auto document = openapi_group_version(test.registry.catalog(), kWidgetPath);
  ASSERT_TRUE(document);
  const Json& schemas = document->get({"components", "schemas"});
  const Json& widget = schemas["com.example.v1.Widget"];
  EXPECT_EQ(widget.get({"properties", "spec", "properties", "size", "maximum"}), Json(100));
  EXPECT_EQ(widget.get({"properties", "metadata", "allOf"}).items()[0].text({"$ref"}),
            "#/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta");
  EXPECT_EQ(widget["x-kubernetes-group-version-kind"],
            json(R"([{"group":"example.com","kind":"Widget","version":"v1"}])"));
  EXPECT_EQ(widget["x-kubernetes-selectable-fields"], json(R"([{"fieldPath":"spec.color"}])"));
  EXPECT_EQ(schemas["com.example.v1.WidgetList"]["x-kubernetes-group-version-kind"].items()[0].text({"kind"}),
            "WidgetList");
  EXPECT_FALSE(openapi_group_version(test.registry.catalog(), "apis/nowhere/v1"));
  EXPECT_FALSE(openapi_group_version(test.registry.catalog(), ""));
}

TEST(OpenApi, OperationsSayWhatTheyDo) {
  registry::TestRegistry test;
  const auto document = openapi_group_version(test.registry.catalog(), kWidgetPath);
  ASSERT_TRUE(document);
  const Json& paths = (*document)["paths"];
  const std::string object = "/apis/example.com/v1/namespaces/{namespace}/widgets/{name}";
  const Json& patch = paths[object]["patch"];
  EXPECT_EQ(patch["x-kubernetes-group-version-kind"].text({"kind"}), "Widget");
  EXPECT_EQ(patch.text({"x-kubernetes-action"}), "patch");
  EXPECT_EQ(patch.text({"operationId"}), "patchExampleComV1NamespacedWidget");
  EXPECT_EQ(patch["tags"], Json::array({"exampleCom_v1"}));
  EXPECT_THAT(data::to_json(patch["parameters"]), HasSubstr("fieldValidation"));
  EXPECT_FALSE(patch.get({"requestBody", "content"}).contains("application/strategic-merge-patch+json"));
  EXPECT_EQ(paths["/apis/example.com/v1/widgets"]["get"].text({"operationId"}),
            "listExampleComV1WidgetForAllNamespaces");
  EXPECT_EQ(paths[object + "/status"]["get"].text({"operationId"}), "readExampleComV1NamespacedWidgetStatus");
  EXPECT_FALSE(paths[object + "/status"].contains("delete"));
  EXPECT_EQ(paths["/apis/example.com/v1/gadgets"]["delete"].text({"operationId"}),
            "deleteExampleComV1CollectionGadget");
  EXPECT_FALSE(paths.contains("/apis/example.com/v1/namespaces/{namespace}/gadgets"));
  EXPECT_EQ(paths[object]["parameters"].size(), 3u);
}

TEST(OpenApi, BuiltInKindsHaveKubernetesNames) {
  registry::TestRegistry test;
  const auto document = openapi_group_version(test.registry.catalog(), "api/v1");
  ASSERT_TRUE(document);
  const Json& schemas = document->get({"components", "schemas"});
  for (const char* name : {"Namespace", "NamespaceSpec", "NamespaceStatus", "NamespaceCondition", "Secret", "ConfigMap",
                           "ConfigMapList", "Event", "EventSource", "EventSeries", "ObjectReference"})
    EXPECT_EQ(schemas[fmt::format("io.k8s.api.core.v1.{}", name)].text({"type"}), "object") << name;
  EXPECT_THAT(data::to_json(schemas["io.k8s.api.core.v1.NamespaceStatus"]), HasSubstr("x-kubernetes-patch-merge-key"));
  const Json& patch = (*document)["paths"]["/api/v1/namespaces/{namespace}/configmaps/{name}"]["patch"];
  EXPECT_TRUE(patch.get({"requestBody", "content"}).contains("application/strategic-merge-patch+json"));
  EXPECT_EQ(patch.text({"operationId"}), "patchCoreV1NamespacedConfigMap");
}

TEST(OpenApi, EveryReferenceIsResolvedAndEveryOperationHasItsOwnName) {
  registry::TestRegistry test;
  Json crd = registry::gadget_crd();
  crd.at("metadata").set("name", "gizmos.example.com");
  crd.at({"spec", "names"}) = json(R"({"kind": "Gizmo", "plural": "gizmos"})");
  Json& version = crd.at({"spec", "versions"}).mutable_items()[0];
  version.set("subresources", json(R"({"status": {}, "scale": {"specReplicasPath": ".spec.replicas",
    "statusReplicasPath": ".status.replicas"}})"));
  version.at({"schema", "openAPIV3Schema", "properties", "spec"}) = json(R"({"type": "object", "properties": {
    "replicas": {"type": "integer"}, "template": {"type": "object", "x-kubernetes-embedded-resource": true,
      "x-kubernetes-preserve-unknown-fields": true}}})");
  ASSERT_TRUE(test.registry.add_crd(crd));
  OpenApiDocuments documents(test.registry.catalog(), test.clock);
  const Json index = json(documents.index(get("/openapi/v3")).body);
  for (const auto& [path, entry] : index["paths"].members()) {
    const auto document = openapi_group_version(test.registry.catalog(), path);
    ASSERT_TRUE(document) << path;
    std::vector<std::string> missing;
    dangling(*document, document->get({"components", "schemas"}), missing);
    EXPECT_THAT(missing, ::testing::IsEmpty()) << path;
    std::set<std::string> ids;
    for (const auto& [url, item] : (*document)["paths"].members())
      for (const auto& [method, operation] : item.members())
        if (method != "parameters") {
          EXPECT_TRUE(ids.insert(operation.text({"operationId"})).second) << url << method;
        }
  }
  const auto document = openapi_group_version(test.registry.catalog(), kWidgetPath);
  const Json& embedded =
      document->get({"components", "schemas", "com.example.v1.Gizmo", "properties", "spec", "properties", "template"});
  EXPECT_EQ(embedded["required"], Json::array({"kind", "apiVersion"}));
  const Json& scale = (*document)["paths"]["/apis/example.com/v1/gizmos/{name}/scale"]["put"];
  EXPECT_EQ(scale["x-kubernetes-group-version-kind"].text({"kind"}), "Scale");
}

class OpenApiAnswers : public testing::Test {
 protected:
  std::string hash() {
    const Json index = json(documents.index(get("/openapi/v3")).body);
    const std::string url = index["paths"][kWidgetPath].text({"serverRelativeURL"});
    return url.substr(url.find("hash=") + 5);
  }

  registry::TestRegistry test;
  OpenApiDocuments documents{test.registry.catalog(), test.clock};
};

TEST_F(OpenApiAnswers, TheIndexHasAHashForEveryDocument) {
  const auto index = documents.index(get("/openapi/v3"));
  EXPECT_EQ(index.status, 200);
  const Json paths = json(index.body)["paths"];
  for (const char* path : {"api/v1", "apis/coordination.k8s.io/v1", "apis/example.com/v1", "apis/example.com/v1beta1"})
    EXPECT_TRUE(paths.contains(path)) << path;
  EXPECT_EQ(hash().size(), 64u);
  const auto again = documents.index(get("/openapi/v3", {}, {{"if-none-match", header(index, "etag")}}));
  EXPECT_EQ(again.status, 304);
  EXPECT_EQ(again.body, "");
}

TEST_F(OpenApiAnswers, ADocumentUnderItsHashNeverChanges) {
  const auto plain = documents.document(get("/openapi/v3/x"), kWidgetPath);
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->status, 200);
  EXPECT_EQ(header(*plain, "cache-control"), "");
  EXPECT_EQ(header(*plain, "etag"), fmt::format("\"{}\"", hash()));
  const auto hashed = documents.document(get("/openapi/v3/x", {{"hash", hash()}}), kWidgetPath);
  EXPECT_EQ(header(*hashed, "cache-control"), "public, immutable");
  EXPECT_EQ(header(*hashed, "expires"), "Thu, 14 Nov 2024 04:02:32 GMT");
  EXPECT_EQ(hashed->body, plain->body);
  const auto old = documents.document(get("/openapi/v3/x", {{"hash", "0"}}), kWidgetPath);
  EXPECT_EQ(old->status, 301);
  EXPECT_EQ(header(*old, "location"), fmt::format("/openapi/v3/{}?hash={}", kWidgetPath, hash()));
  const auto same =
      documents.document(get("/openapi/v3/x", {}, {{"if-none-match", header(*plain, "etag")}}), kWidgetPath);
  EXPECT_EQ(same->status, 304);
  const auto packed = documents.document(get("/openapi/v3/x", {}, {{"accept-encoding", "gzip"}}), kWidgetPath);
  EXPECT_EQ(header(*packed, "content-encoding"), "gzip");
  EXPECT_EQ(*data::gzip_decompress(packed->body, 1u << 20), plain->body);
  const auto binary = documents.document(
      get("/openapi/v3/x", {}, {{"accept", "application/com.github.proto-openapi.spec.v3@v1.0+protobuf"}}),
      kWidgetPath);
  EXPECT_EQ(binary->status, 406);
  EXPECT_FALSE(documents.document(get("/openapi/v3/x"), "apis/nowhere/v1"));
}

TEST_F(OpenApiAnswers, ANewKindChangesTheHash) {
  const std::string before = hash();
  Json crd = registry::gadget_crd();
  crd.at("metadata").set("name", "gizmos.example.com");
  crd.at({"spec", "names"}) = json(R"({"kind": "Gizmo", "plural": "gizmos"})");
  const auto old = documents.document(get("/openapi/v3/x"), kWidgetPath);
  EXPECT_THAT(old->body, ::testing::Not(HasSubstr("Gizmo")));
  ASSERT_TRUE(test.registry.add_crd(crd));
  EXPECT_NE(hash(), before);
  const auto now = documents.document(get("/openapi/v3/x"), kWidgetPath);
  EXPECT_THAT(now->body, HasSubstr("com.example.v1.Gizmo"));
}

}  // namespace
}  // namespace slipway::apiserver
