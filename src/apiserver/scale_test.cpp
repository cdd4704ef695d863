// The /scale subresource.
#include "apiserver/test_door.h"

namespace slipway::apiserver {
namespace {

using ::testing::HasSubstr;

constexpr std::string_view kTeams = "/apis/example.com/v1/namespaces/default/teams";

class Scale : public DoorTest {
 protected:
  Scale() {
    Json crd = registry::widget_crd();
    crd.at("metadata").set("name", "teams.example.com");
    crd.at({"spec", "names"}) = json(R"({"kind": "Team", "plural": "teams", "singular": "team"})");
    for (Json& version : crd.at({"spec", "versions"}).mutable_items()) {
      version.at("subresources").set("scale", json(R"({"specReplicasPath": ".spec.members.wanted",
        "statusReplicasPath": ".status.members", "labelSelectorPath": ".status.selector"})"));
      version.erase("selectableFields");
      version.at({"schema", "openAPIV3Schema"}) = json(R"({"type": "object", "properties": {
        "spec": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
        "status": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}}})");
    }
    test.add(crd, "teams");
  }
  Json make_team(std::string_view name, std::string_view spec) {
    Json team = meta::make_object({"example.com", "v1", "Team"}, {"default", std::string(name)});
    team.set("spec", json(spec));
    return ok("POST", std::string(kTeams), data::to_json(team));
  }
  std::string scale(std::string_view name) { return fmt::format("{}/{}/scale", kTeams, name); }
};

TEST_F(Scale, ShowsTheReplicasOfAnObject) {
  const Json team = make_team("a", R"({"members": {"wanted": 3}})");
  ok("PATCH", fmt::format("{}/a/status", kTeams), R"({"status": {"members": 2, "selector": "team=a"}})",
     {{"content-type", "application/merge-patch+json"}});
  const Json shown = ok("GET", scale("a"));
  EXPECT_EQ(shown.text({"kind"}), "Scale");
  EXPECT_EQ(shown.text({"apiVersion"}), "autoscaling/v1");
  EXPECT_EQ(shown.text({"metadata", "uid"}), team.text({"metadata", "uid"}));
  EXPECT_EQ(shown["spec"], json(R"({"replicas": 3})"));
  EXPECT_EQ(shown["status"], json(R"({"replicas": 2, "selector": "team=a"})"));
  fails(404, "GET", scale("b"));
  fails(404, "GET", fmt::format("{}/x/scale", kWidgets));
  fails(405, "DELETE", scale("a"));
}

TEST_F(Scale, AnUpdateChangesTheObject) {
  make_team("a", R"({"members": {"wanted": 3}, "other": 1})");
  Json wanted = ok("GET", scale("a"));
  wanted.at("spec").set("replicas", 5);
  EXPECT_EQ(ok("PUT", scale("a"), data::to_json(wanted)).get({"spec", "replicas"}), Json(5));
  const Json team = ok("GET", fmt::format("{}/a", kTeams));
  EXPECT_EQ(team["spec"], json(R"({"members": {"wanted": 5}, "other": 1})"));
  EXPECT_EQ(team.get({"metadata", "generation"}), Json(2));
  // The state it was read in is gone; without one it is overwritten.
  EXPECT_EQ(fails(409, "PUT", scale("a"), data::to_json(wanted)).text({"reason"}), "Conflict");
  wanted.at("metadata").erase("resourceVersion");
  wanted.at("spec").set("replicas", 6);
  ok("PUT", scale("a") + "?dryRun=All", data::to_json(wanted));
  EXPECT_EQ(ok("GET", scale("a")).get({"spec", "replicas"}), Json(5));
  ok("PUT", scale("a"), data::to_json(wanted));
  EXPECT_EQ(ok("GET", scale("a")).get({"spec", "replicas"}), Json(6));
}

TEST_F(Scale, Patches) {
  make_team("a", R"({"members": {"wanted": 3}})");
  const auto patch = [&](std::string type, std::string text) {
    return ok("PATCH", scale("a"), std::move(text), {{"content-type", std::move(type)}});
  };
  EXPECT_EQ(patch("application/merge-patch+json", R"({"spec":{"replicas":7}})").get({"spec", "replicas"}), Json(7));
  EXPECT_EQ(patch("application/json-patch+json", R"([{"op":"replace","path":"/spec/replicas","value":8}])")
                .get({"spec", "replicas"}),
            Json(8));
  fails(415, "PATCH", scale("a"), "{}", {{"content-type", "application/strategic-merge-patch+json"}});
  fails(400, "PATCH", scale("a"), R"({"spec":null})", {{"content-type", "application/merge-patch+json"}});
}

TEST_F(Scale, RefusesWhatCannotBe) {
  make_team("a", R"({"members": {"wanted": 3}})");
  Json wanted = ok("GET", scale("a"));
  wanted.at("spec").set("replicas", -1);
  const Json negative = fails(422, "PUT", scale("a"), data::to_json(wanted));
  EXPECT_THAT(negative.text({"message"}),
              HasSubstr(".spec.members.wanted: Invalid value: -1: should be a non-negative integer"));
  wanted.at("spec").set("replicas", "many");
  fails(400, "PUT", scale("a"), data::to_json(wanted));
  wanted.at("spec").set("replicas", 1);
  wanted.set("kind", "Team");
  fails(400, "PUT", scale("a"), data::to_json(wanted));
  wanted.set("kind", "Scale");
  wanted.at("metadata").set("name", "b");
  fails(400, "PUT", scale("a"), data::to_json(wanted));
  make_team("none", "{}");
  EXPECT_EQ(fails(500, "GET", scale("none")).text({"message"}),
            "Internal error occurred: the spec replicas field \".spec.members.wanted\" does not exist");
  fails(400, "PATCH", scale("none"), "{}", {{"content-type", "application/merge-patch+json"}});
}

}  // namespace
}  // namespace slipway::apiserver
