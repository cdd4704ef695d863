// The pure parts: paths, negotiation, discovery, Status, ages, JSONPath, bodies.
#include <fmt/core.h>
#include <gmock/gmock.h>
#include <set>

#include "apiserver/discovery.h"
#include "apiserver/human_duration.h"
#include "apiserver/json_path.h"
#include "apiserver/negotiation.h"
#include "apiserver/protobuf_body.h"
#include "apiserver/request_body.h"
#include "apiserver/request_path.h"
#include "apiserver/status.h"
#include "data/json_text.h"
#include "registry/test_registry.h"

namespace slipway::apiserver {
namespace {

using base::ErrorCode;
using data::Json;
using registry::json;
using ::testing::HasSubstr;

TEST(RequestPath, Table) {
  using Kind = RequestPath::Kind;
  struct Row {
    std::string_view path;
    Kind kind;
    std::string_view group, version, ns, resource, name, subresource;
  };
  for (const Row& row : {
           Row{"/api", Kind::kGroups},
           Row{"/apis/", Kind::kGroups},
           Row{"/apis/example.com", Kind::kGroup, "example.com"},
           Row{"/api/v1", Kind::kGroupVersion, "", "v1"},
           Row{"/apis/example.com/v1", Kind::kGroupVersion, "example.com", "v1"},
           Row{"/api/v1/secrets", Kind::kCollection, "", "v1", "", "secrets"},
           Row{"/api/v1/namespaces", Kind::kCollection, "", "v1", "", "namespaces"},
           Row{"/api/v1/namespaces/a", Kind::kObject, "", "v1", "", "namespaces", "a"},
           Row{"/api/v1/namespaces/a/status", Kind::kObject, "", "v1", "", "namespaces", "a", "status"},
           Row{"/api/v1/namespaces/a/finalize", Kind::kObject, "", "v1", "", "namespaces", "a", "finalize"},
           Row{"/api/v1/namespaces/a/secrets", Kind::kCollection, "", "v1", "a", "secrets"},
           Row{"/api/v1/namespaces/a/secrets/s", Kind::kObject, "", "v1", "a", "secrets", "s"},
           Row{"/apis/e.x/v1/namespaces/a/widgets/w/status", Kind::kObject, "e.x", "v1", "a", "widgets", "w", "status"},
           Row{"/apis/e.x/v1/namespaces/a/widgets/w/status/more", Kind::kOther},
           Row{"/apis/e.x/v1//widgets", Kind::kOther},
           Row{"/healthz", Kind::kOther},
           Row{"", Kind::kOther},
           Row{"/", Kind::kOther},
       }) {
    const RequestPath path = parse_request_path(row.path);
    EXPECT_EQ(path.kind, row.kind) << row.path;
    EXPECT_EQ(path.group, row.group) << row.path;
    EXPECT_EQ(path.version, row.version) << row.path;
    EXPECT_EQ(path.ns, row.ns) << row.path;
    EXPECT_EQ(path.resource, row.resource) << row.path;
    EXPECT_EQ(path.name, row.name) << row.path;
    EXPECT_EQ(path.subresource, row.subresource) << row.path;
  }
}

TEST(Negotiation, TakesTheFirstOfferItCanServe) {
  using Shape = Negotiated::Shape;
  struct Row {
    std::string_view accept;
    bool acceptable;
    bool yaml;
    Shape shape;
  };
  for (const Row& row : {
           Row{"", true, false, Shape::kObject},
           Row{"*/*", true, false, Shape::kObject},
           Row{"application/yaml", true, true, Shape::kObject},
           Row{"application/json;as=Table;v=v1;g=meta.k8s.io,application/json", true, false, Shape::kTable},
           Row{"application/json;as=Table;v=v9;g=meta.k8s.io,application/json", true, false, Shape::kObject},
           Row{"application/json; as=PartialObjectMetadataList; g=meta.k8s.io; v=v1", true, false,
               Shape::kPartialObject},
           Row{"application/vnd.kubernetes.protobuf,application/json", true, false, Shape::kObject},
           Row{"application/vnd.kubernetes.protobuf", true, false, Shape::kObject},
           Row{"text/html", false, false, Shape::kObject},
           Row{"text/html,*/*;q=0.8", true, false, Shape::kObject},
       }) {
    const Negotiated form = negotiate(row.accept, false);
    EXPECT_EQ(form.acceptable, row.acceptable) << row.accept;
    EXPECT_EQ(form.yaml, row.yaml) << row.accept;
    EXPECT_EQ(form.shape, row.shape) << row.accept;
  }
  const std::string_view kubectl =
      "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,"
      "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json";
  EXPECT_EQ(negotiate(kubectl, true).shape, Negotiated::Shape::kAggregatedDiscovery);
  EXPECT_EQ(negotiate(kubectl, true).discovery_version, "v2");
  EXPECT_EQ(negotiate(kubectl, false).shape, Negotiated::Shape::kObject);
}

TEST(Discovery, BothFormsNameTheSameResources) {
  registry::TestRegistry test;
  const auto& catalog = test.registry.catalog();
  EXPECT_EQ(served_versions(catalog, "example.com"), (std::vector<std::string>{"v1", "v1beta1"}));

  const Json groups = api_group_list(catalog);
  const auto example = std::ranges::find_if(groups["groups"].items(),
                                            [](const Json& group) { return group.text({"name"}) == "example.com"; });
  ASSERT_NE(example, groups["groups"].items().end());
  EXPECT_EQ(example->text({"preferredVersion", "groupVersion"}), "example.com/v1");
  EXPECT_EQ(api_group(catalog, "example.com")->text({"kind"}), "APIGroup");
  EXPECT_FALSE(api_group(catalog, "nowhere.com"));

  const auto list = api_resource_list(catalog, "example.com", "v1");
  ASSERT_TRUE(list);
  ASSERT_EQ((*list)["resources"].size(), 3u);
  const Json& widgets = (*list)["resources"].items()[1];
  EXPECT_EQ(widgets.text({"name"}), "widgets");
  EXPECT_EQ(widgets.text({"singularName"}), "widget");
  EXPECT_EQ(widgets["shortNames"], Json::array({"wd"}));
  EXPECT_EQ((*list)["resources"].items()[2].text({"name"}), "widgets/status");
  EXPECT_FALSE(api_resource_list(catalog, "example.com", "v9"));

  const Json core = aggregated_discovery(catalog, true, "v2");
  ASSERT_EQ(core["items"].size(), 1u);
  const auto core_list = api_resource_list(catalog, "", "v1");
  ASSERT_TRUE(core_list);
  const auto plain = std::ranges::count_if((*core_list)["resources"].items(), [](const Json& resource) {
    return resource.text({"name"}).find('/') == std::string::npos;
  });
  EXPECT_EQ(static_cast<std::ptrdiff_t>(core["items"].items()[0]["versions"].items()[0]["resources"].size()), plain);
  const Json named = aggregated_discovery(catalog, false, "v2");
  const auto found = std::ranges::find_if(
      named["items"].items(), [](const Json& item) { return item.text({"metadata", "name"}) == "example.com"; });
  ASSERT_NE(found, named["items"].items().end());
  const Json& group = *found;
  const Json& aggregated = group["versions"].items()[0]["resources"].items()[1];
  EXPECT_EQ(aggregated.text({"resource"}), "widgets");
  EXPECT_EQ(aggregated.text({"scope"}), "Namespaced");
  EXPECT_EQ(aggregated["subresources"].items()[0].text({"subresource"}), "status");
}

TEST(Status, CodesAndReasonsAreThoseOfKubernetes) {
  struct Row {
    ErrorCode code;
    int status;
    std::string_view reason;
  };
  for (const Row& row :
       {Row{ErrorCode::kBadRequest, 400, "BadRequest"}, Row{ErrorCode::kUnauthorized, 401, "Unauthorized"},
        Row{ErrorCode::kForbidden, 403, "Forbidden"}, Row{ErrorCode::kNotFound, 404, "NotFound"},
        Row{ErrorCode::kAlreadyExists, 409, "AlreadyExists"}, Row{ErrorCode::kConflict, 409, "Conflict"},
        Row{ErrorCode::kGone, 410, "Gone"}, Row{ErrorCode::kExpired, 410, "Expired"},
        Row{ErrorCode::kInvalid, 422, "Invalid"}, Row{ErrorCode::kTooManyRequests, 429, "TooManyRequests"},
        Row{ErrorCode::kTooLarge, 413, "RequestEntityTooLarge"},
        Row{ErrorCode::kUnsupported, 415, "UnsupportedMediaType"}, Row{ErrorCode::kTimeout, 504, "Timeout"},
        Row{ErrorCode::kNoSpace, 503, "ServiceUnavailable"}, Row{ErrorCode::kCorrupt, 500, "InternalError"}}) {
    const Json status = status_of(base::fail(row.code, "why"));
    EXPECT_EQ(status["code"], Json(row.status));
    EXPECT_EQ(status.text({"reason"}), row.reason);
    EXPECT_EQ(status.text({"message"}), row.status == 504 ? "Timeout: why" : "why");
  }
  const auto error = base::fail(ErrorCode::kInvalid, "Host.g \"h\" is invalid: spec.a: Required value")
                         .with_fields({{"spec.a", "FieldValueRequired", "Required value"}});
  EXPECT_EQ(data::to_json(status_of(error)["details"]),
            R"({"causes":[{"field":"spec.a","message":"Required value","reason":"FieldValueRequired"}],)"
            R"("group":"g","kind":"Host","name":"h"})");
}

TEST(Status, DetailsNameTheObjectOfTheMessage) {
  struct Row {
    ErrorCode code;
    std::string_view message, details;
  };
  for (const Row& row :
       {Row{ErrorCode::kNotFound, R"(hosts.inventory.slipway.dev "a" not found)",
            R"({"group":"inventory.slipway.dev","kind":"hosts","name":"a"})"},
        Row{ErrorCode::kNotFound, R"(namespaces "b" not found)", R"({"kind":"namespaces","name":"b"})"},
        Row{ErrorCode::kConflict, R"(Operation cannot be fulfilled on secrets "a": the object has been modified)",
            R"({"kind":"secrets","name":"a"})"},
        Row{ErrorCode::kInvalid, R"(CreateOptions.meta.k8s.io "" is invalid: dryRun: Unsupported value)",
            R"({"group":"meta.k8s.io","kind":"CreateOptions"})"},
        Row{ErrorCode::kForbidden, "no", R"({"kind":"asked"})"}, Row{ErrorCode::kBadRequest, R"(a "b" c)", "null"},
        Row{ErrorCode::kNotFound, R"(an open "quote)", "null"}, Row{ErrorCode::kInvalid, "no object here", "null"}})
    EXPECT_EQ(data::to_json(status_of(base::fail(row.code, std::string(row.message)), {"", "asked", ""})["details"]),
              row.details)
        << row.message;
}

TEST(HumanDuration, Table) {
  using std::chrono::seconds;
  struct Row {
    long seconds;
    std::string_view text;
  };
  for (const Row& row : {Row{-5, "<invalid>"}, Row{-1, "0s"}, Row{0, "0s"}, Row{119, "119s"}, Row{120, "2m"},
                         Row{150, "2m30s"}, Row{600, "10m"}, Row{10'799, "179m"}, Row{10'800, "3h"},
                         Row{11'100, "3h5m"}, Row{28'800, "8h"}, Row{172'800, "2d"}, Row{176'400, "2d1h"},
                         Row{691'200, "8d"}, Row{63'072'000, "2y"}, Row{66'000'000, "2y33d"}, Row{315'360'000, "10y"}})
    EXPECT_EQ(human_duration(seconds(row.seconds)), row.text) << row.seconds;
  EXPECT_EQ(human_age("", base::WallTime()), "<unknown>");
  EXPECT_EQ(human_age("1970-01-01T00:00:00Z", base::WallTime(seconds(60))), "60s");
}

TEST(JsonPath, Table) {
  const Json object = json(R"({"metadata":{"annotations":{"slipway.dev/a":"1"}},"spec":{"n":[10,20,30]},
    "status":{"conditions":[{"type":"Ready","status":"True"},{"type":"Up","status":"False"}],"count":3}})");
  struct Row {
    std::string_view path, found;
  };
  for (const Row& row :
       {Row{".spec.n", "[10,20,30]"}, Row{"{.spec.n[1]}", "20"}, Row{"$.spec.n[-1]", "30"}, Row{".spec.n[7]", ""},
        Row{".spec.n[*]", "10 20 30"}, Row{R"(.metadata.annotations.slipway\.dev/a)", "\"1\""},
        Row{".metadata.annotations['slipway.dev/a']", "\"1\""}, Row{".no.such", ""},
        Row{R"(.status.conditions[?(@.type=="Ready")].status)", "\"True\""},
        Row{R"(.status.conditions[?(@.type!='Ready')].status)", "\"False\""}, Row{".status.count", "3"}}) {
    const auto path = JsonPath::compile(row.path);
    ASSERT_TRUE(path) << row.path;
    std::string text;
    for (const Json* value : path->find(object)) text += (text.empty() ? "" : " ") + data::to_json(*value);
    EXPECT_EQ(text, row.found) << row.path;
  }
  for (const std::string_view bad : {"spec", ".", "..a", ".a[", ".a[x]", ".a[?(.b)]", ".a['b", ".a[1"})
    EXPECT_FALSE(JsonPath::compile(bad)) << bad;
}

net::HttpRequest body(std::string type, std::string text) {
  net::HttpRequest request;
  request.headers.emplace_back("content-type", std::move(type));
  request.body = std::move(text);
  return request;
}

TEST(RequestBody, ByContentType) {
  EXPECT_EQ(*read_body(body("application/json; charset=utf-8", R"({"a":1})"), "Widget"), json(R"({"a":1})"));
  EXPECT_EQ(*read_body(body("application/yaml", "a: 1\n"), "Widget"), json(R"({"a":1})"));
  EXPECT_EQ(*read_body(body("", R"({"a":1})"), "Widget"), json(R"({"a":1})"));
  EXPECT_EQ(read_body(body("text/plain", "a"), "Widget").error().code(), ErrorCode::kUnsupported);
  EXPECT_EQ(read_body(body("application/json", "{"), "Widget").error().code(), ErrorCode::kBadRequest);
  EXPECT_EQ(read_body(body("application/yaml", "a: ["), "Widget").error().code(), ErrorCode::kBadRequest);
}

TEST(RequestBody, ProtobufAsKubectlSendsIt) {
  // Captured from `kubectl create secret generic s --from-literal=a=1`.
  constexpr std::string_view kSecret(
      "k8s\0\n\x0c\n\x02v1\x12\x06Secret\x12\x1d\n\x11\n\x01s\x12\x00\x1a\x00\"\x00*\x00"
      "2\x00"
      "8\x00"
      "B\x00\x12\x06\n\x01"
      "a\x12\x01"
      "1\x1a\x00\x1a\x00\"\x00",
      53);
  const auto secret = read_protobuf(kSecret);
  ASSERT_TRUE(secret) << secret.error().message();
  EXPECT_EQ(data::to_json(*secret),
            R"({"apiVersion":"v1","data":{"a":"MQ=="},"kind":"Secret","metadata":{"name":"s"}})");
  // Cut anywhere but between two fields it is refused.
  const std::set<std::size_t> between{18, 49, 51};
  for (std::size_t length = 0; length < kSecret.size(); ++length)
    EXPECT_EQ(read_protobuf(kSecret.substr(0, length)).has_value(), between.contains(length)) << length;
  std::string other(kSecret);
  other.replace(other.find("Secret"), 6, "Sacred");
  EXPECT_EQ(read_protobuf(other).error().code(), ErrorCode::kUnsupported);
}

}  // namespace
}  // namespace slipway::apiserver
