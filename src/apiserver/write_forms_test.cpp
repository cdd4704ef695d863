// How the form of what is written is judged, and what every answer may carry: warnings, layout, packing.
#include "apiserver/test_door.h"
#include "data/gzip.h"

namespace slipway::apiserver {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class WriteForms : public DoorTest {
 protected:
  static std::vector<std::string> all(const FakeResponder& answer, std::string_view name) {
    std::vector<std::string> values;
    for (const auto& [key, value] : answer.response.headers)
      if (key == name) values.push_back(value);
    return values;
  }
  FakeResponder patch(std::string target, std::string type, std::string body) {
    return send("PATCH", std::move(target), std::move(body), {{"content-type", "application/" + type + "+json"}});
  }
};

constexpr std::string_view kTwice =
    R"({"apiVersion":"example.com/v1","kind":"Widget","metadata":{"name":"b"},"spec":{"size":1,"size":2,"x":1}})";

// The answers are kube-apiserver 1.36.3's.
TEST_F(WriteForms, DuplicateAndUnknownFields) {
  const std::string widgets(kWidgets);
  EXPECT_EQ(
      fails(400, "POST", widgets + "?fieldValidation=Strict", std::string(kTwice)).text({"message"}),
      "Widget in version \"v1\" cannot be handled as a Widget: strict decoding error: duplicate field \"spec.size\", "
      "unknown field \"spec.x\"");
  const auto warned = send("POST", widgets + "?dryRun=All", std::string(kTwice));
  EXPECT_EQ(warned.response.status, 201);
  EXPECT_EQ(json(warned.response.body).get({"spec", "size"}), Json(2));
  EXPECT_THAT(all(warned, "warning"),
              ElementsAre(R"(299 - "duplicate field \"spec.size\"")", R"(299 - "unknown field \"spec.x\"")"));
  EXPECT_THAT(all(send("POST", widgets + "?dryRun=All&fieldValidation=Ignore", std::string(kTwice)), "warning"),
              IsEmpty());
  EXPECT_EQ(
      fails(422, "POST", widgets + "?fieldValidation=Bogus", "{}").text({"message"}),
      "CreateOptions.meta.k8s.io \"\" is invalid: fieldValidation: Unsupported value: \"Bogus\": supported values: "
      "\"\", \"Ignore\", \"Strict\", \"Warn\"");
}

TEST_F(WriteForms, PatchesAreJudgedByWhatTheyMake) {
  make("a");
  for (const auto& [type, body, field] : std::vector<std::tuple<std::string, std::string, std::string>>{
           {"json-patch", R"([{"op":"add","path":"/spec/bogus","value":1}])", "unknown field \"spec.bogus\""},
           {"json-patch", R"([{"op":"replace","path":"/spec/size","value":3,"foo":1}])",
            "json patch unknown field \"[0].foo\""},
           {"merge-patch", R"({"spec":{"bogus":1}})", "unknown field \"spec.bogus\""},
           {"merge-patch", R"({"spec":{"size":1,"size":2}})", "duplicate field \"spec.size\""}}) {
    const auto strict = patch(object("a") + "?fieldValidation=Strict", type, body);
    EXPECT_EQ(strict.response.status, 422) << body;
    EXPECT_THAT(json(strict.response.body).text({"message"}), HasSubstr("strict decoding error: " + field));
    const auto warned = patch(object("a") + "?dryRun=All", type, body);
    EXPECT_EQ(warned.response.status, 200) << body;
    std::string quoted = "299 - ";
    data::append_json_string(quoted, field);
    EXPECT_THAT(all(warned, "warning"), ElementsAre(quoted));
  }
  EXPECT_EQ(patch(object("a"), "merge-patch", R"({"metadata":{"name":"b"}})").response.status, 400);
  EXPECT_EQ(patch(object("a"), "json-patch", R"({"a":1})").response.status, 400);
  EXPECT_EQ(patch(object("a"), "merge-patch", "[1]").response.status, 400);
}

TEST_F(WriteForms, APatchedSecretIsNotShownInErrors) {
  const std::string secrets = "/api/v1/namespaces/default/secrets";
  ok("POST", secrets, R"({"metadata":{"name":"s"},"data":{"a":"c2VjcmV0"}})");
  const auto refused =
      patch(secrets + "/s?fieldValidation=Strict", "merge-patch", R"({"data":{"b":"aGlkZGVu"},"bogus":1})");
  EXPECT_EQ(refused.response.status, 422);
  EXPECT_THAT(refused.response.body, ::testing::Not(HasSubstr("aGlkZGVu")));
}

TEST_F(WriteForms, APutMakesALeaseThatIsNotThere) {
  const std::string leases = "/apis/coordination.k8s.io/v1/namespaces/default/leases/";
  const auto made =
      send("PUT", leases + "a", R"({"metadata":{"name":"a","resourceVersion":"5"},"spec":{"holderIdentity":"x"}})");
  EXPECT_EQ(made.response.status, 201) << made.response.body;
  EXPECT_EQ(ok("GET", leases + "a").text({"spec", "holderIdentity"}), "x");
  fails(409, "PUT", leases + "b", R"({"metadata":{"name":"b","uid":"abc"}})");
  EXPECT_EQ(send("PUT", "/api/v1/namespaces/default/events/e",
                 R"({"metadata":{"name":"e"},"involvedObject":{"namespace":"default"}})")
                .response.status,
            201);
  fails(404, "PUT", "/api/v1/namespaces/default/configmaps/c", R"({"metadata":{"name":"c"}})");
  fails(404, "PUT", "/apis/coordination.k8s.io/v1/namespaces/nowhere/leases/a", R"({"metadata":{"name":"a"}})");
}

TEST_F(WriteForms, DeprecatedVersionsAreWarnedAboutOnEveryAnswer) {
  Json crd = registry::widget_crd();
  crd.at("metadata").set("name", "teams.example.com");
  crd.at({"spec", "names"}) = json(R"({"kind": "Team", "plural": "teams"})");
  crd.at({"spec", "versions"}).mutable_items()[1].set("deprecated", true);
  test.add(crd, "teams");
  const std::string old = "/apis/example.com/v1beta1/namespaces/default/teams";
  const std::string warning = R"(299 - "example.com/v1beta1 Team is deprecated; use example.com/v1 Team")";
  EXPECT_THAT(all(send("GET", old), "warning"), ElementsAre(warning));
  EXPECT_THAT(all(send("GET", old + "/none"), "warning"), ElementsAre(warning));
  EXPECT_THAT(all(send("GET", old + "?watch=1"), "warning"), ElementsAre(warning));
  EXPECT_THAT(all(send("GET", "/apis/example.com/v1/namespaces/default/teams"), "warning"), IsEmpty());
}

TEST_F(WriteForms, PrettyIsLaidOut) {
  make("a");
  EXPECT_THAT(send("GET", object("a") + "?pretty=true").response.body,
              HasSubstr("{\n  \"apiVersion\": \"example.com/v1\""));
  EXPECT_THAT(send("GET", object("none") + "?pretty=1").response.body, HasSubstr("\n  \"code\": 404"));
  EXPECT_THAT(send("GET", std::string(kWidgets) + "?pretty=false").response.body, ::testing::Not(HasSubstr("\n ")));
}

TEST_F(WriteForms, LargeListsArePackedForThoseWhoTakeIt) {
  const std::string text(60'000, 'x');
  for (const char* name : {"a", "b", "c"})
    ok("POST", "/api/v1/namespaces/default/configmaps",
       fmt::format(R"({{"metadata":{{"name":"{}"}},"data":{{"k":"{}"}}}})", name, text));
  const std::string maps = "/api/v1/namespaces/default/configmaps";
  const auto plain = send("GET", maps);
  EXPECT_THAT(all(plain, "content-encoding"), IsEmpty());
  const auto packed = send("GET", maps, "", {{"accept-encoding", "deflate, gzip"}});
  EXPECT_THAT(all(packed, "content-encoding"), ElementsAre("gzip"));
  EXPECT_EQ(*data::gzip_decompress(packed.response.body, 1u << 20), plain.response.body);
  EXPECT_THAT(all(send("GET", maps, "", {{"accept-encoding", "gzip;q=0"}}), "content-encoding"), IsEmpty());
  EXPECT_THAT(all(send("GET", maps + "/a", "", {{"accept-encoding", "gzip"}}), "content-encoding"), IsEmpty());
}

}  // namespace
}  // namespace slipway::apiserver
