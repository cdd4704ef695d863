// The door without a network: requests in, what would be sent out.
#include "apiserver/api_server.h"

#include <condition_variable>
#include <fmt/core.h>
#include <gmock/gmock.h>
#include <mutex>

#include "apiserver/test_door.h"
#include "data/json_text.h"
#include "registry/test_registry.h"

namespace slipway::apiserver {
namespace {

using data::Json;
using registry::json;
using ::testing::HasSubstr;
using namespace std::chrono_literals;

class Door : public DoorTest {
 protected:
  using DoorTest::DoorTest;
};

TEST_F(Door, CreatesReadsReplacesAndDeletes) {
  const Json created = make("a");
  EXPECT_EQ(created.text({"spec", "color"}), "red");
  Json changed = ok("GET", object("a"));
  EXPECT_EQ(changed, created);
  changed.at("spec").set("size", 5);
  EXPECT_EQ(ok("PUT", object("a"), data::to_json(changed)).get({"spec", "size"}), Json(5));
  EXPECT_EQ(fails(409, "PUT", object("a"), data::to_json(changed)).text({"reason"}), "Conflict");
  const Json gone = ok("DELETE", object("a"));
  EXPECT_EQ(gone.text({"status"}), "Success");
  EXPECT_EQ(gone["details"].text({"uid"}), created.text({"metadata", "uid"}));
  EXPECT_EQ(fails(404, "GET", object("a")).text({"message"}), "widgets.example.com \"a\" not found");
}

TEST_F(Door, AFinalizerKeepsTheObject) {
  Json widget = registry::widget("a");
  widget.at({"metadata", "finalizers"}) = Json::array({"example.com/f"});
  ok("POST", std::string(kWidgets), data::to_json(widget));
  EXPECT_EQ(ok("DELETE", object("a")).text({"kind"}), "Widget");
  EXPECT_FALSE(ok("GET", object("a")).text({"metadata", "deletionTimestamp"}).empty());
}

TEST_F(Door, Patches) {
  make("a");
  const auto patch = [&](std::string type, std::string text) {
    return ok("PATCH", object("a"), std::move(text), {{"content-type", std::move(type)}});
  };
  EXPECT_EQ(patch("application/merge-patch+json", R"({"spec":{"size":2}})").get({"spec", "size"}), Json(2));
  EXPECT_EQ(
      patch("application/json-patch+json", R"([{"op":"replace","path":"/spec/size","value":3}])").get({"spec", "size"}),
      Json(3));
  EXPECT_EQ(fails(415, "PATCH", object("a"), "{}", {{"content-type", "application/strategic-merge-patch+json"}})
                .text({"reason"}),
            "UnsupportedMediaType");
  EXPECT_THAT(
      fails(415, "PATCH", object("a"), "{}", {{"content-type", "application/apply-patch+cbor"}}).text({"message"}),
      HasSubstr("application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml"));
  EXPECT_EQ(fails(400, "PATCH", object("a"), "{", {{"content-type", "application/merge-patch+json"}}).text({"reason"}),
            "BadRequest");
  EXPECT_EQ(
      fails(422, "PATCH", object("a"), R"({"spec":{"size":1000}})", {{"content-type", "application/merge-patch+json"}})
          .text({"reason"}),
      "Invalid");
}

TEST_F(Door, FieldValidation) {
  const std::string body = data::to_json(registry::widget("a", R"({"size": 1, "colour": "x", "n": {"m": 1}})"));
  EXPECT_THAT(fails(400, "POST", std::string(kWidgets) + "?fieldValidation=Strict", body).text({"message"}),
              HasSubstr("strict decoding error: unknown field \"spec.colour\", unknown field \"spec.n\""));
  fails(422, "POST", std::string(kWidgets) + "?fieldValidation=Often", body);
  const auto warned = send("POST", std::string(kWidgets), body);
  EXPECT_EQ(warned.response.status, 201);
  EXPECT_THAT(warned.response.headers, ::testing::Contains(std::pair<std::string, std::string>(
                                           "warning", R"(299 - "unknown field \"spec.colour\"")")));
  EXPECT_FALSE(json(warned.response.body)["spec"].contains("colour"));
}

TEST_F(Door, DryRunStoresNothing) {
  ok("POST", std::string(kWidgets) + "?dryRun=All", data::to_json(registry::widget("a")));
  fails(404, "GET", object("a"));
  fails(422, "POST", std::string(kWidgets) + "?dryRun=Some", data::to_json(registry::widget("a")));
}

TEST_F(Door, ListsWithSelectorsAndPages) {
  for (int i = 0; i < 5; ++i)
    make(fmt::format("w{}", i), i % 2 == 0 ? R"({"size":1})" : R"({"size":1,"color":"blue"})");
  const Json all = ok("GET", std::string(kWidgets));
  EXPECT_EQ(all.text({"kind"}), "WidgetList");
  EXPECT_EQ(all["items"].size(), 5u);
  EXPECT_EQ(ok("GET", std::string(kWidgets) + "?fieldSelector=spec.color=blue")["items"].size(), 2u);
  fails(400, "GET", std::string(kWidgets) + "?fieldSelector=spec.weight=1");
  fails(400, "GET", std::string(kWidgets) + "?labelSelector=a,,b");
  fails(400, "GET", std::string(kWidgets) + "?limit=many");
  const Json page = ok("GET", std::string(kWidgets) + "?limit=2");
  EXPECT_EQ(page["items"].size(), 2u);
  EXPECT_EQ(page["metadata"]["remainingItemCount"], Json(3));
  make("w9");
  const Json rest = ok("GET", std::string(kWidgets) + "?limit=9&continue=" + page.text({"metadata", "continue"}));
  EXPECT_EQ(rest["items"].size(), 3u) << "the list is of one moment";
  fails(400, "GET", std::string(kWidgets) + "?continue=garbage");
  EXPECT_EQ(fails(504, "GET", std::string(kWidgets) + "?resourceVersion=99999")["details"]["causes"].items()[0].text(
                {"reason"}),
            "ResourceVersionTooLarge");
  EXPECT_EQ(ok("GET", "/apis/example.com/v1/widgets")["items"].size(), 6u);
  EXPECT_EQ(ok("DELETE", std::string(kWidgets) + "?fieldSelector=spec.color=blue")["items"].size(), 2u);
  EXPECT_EQ(ok("GET", std::string(kWidgets))["items"].size(), 4u);
}

TEST_F(Door, Tables) {
  make("a", R"({"size": 7})");
  test.clock.advance(90s);
  const Json table = ok("GET", std::string(kWidgets), "", {{"accept", std::string(kTable)}});
  EXPECT_EQ(table.text({"kind"}), "Table");
  ASSERT_EQ(table["columnDefinitions"].size(), 2u);
  EXPECT_EQ(table["columnDefinitions"].items()[1].text({"name"}), "Size");
  const Json& row = table["rows"].items()[0];
  EXPECT_EQ(row["cells"], Json::array({"a", 7}));
  EXPECT_EQ(row["object"].text({"kind"}), "PartialObjectMetadata");
  EXPECT_EQ(ok("GET", object("a") + "?includeObject=Object", "", {{"accept", std::string(kTable)}})["rows"]
                .items()[0]["object"]
                .text({"kind"}),
            "Widget");
  const Json namespaces = ok("GET", "/api/v1/namespaces", "", {{"accept", std::string(kTable)}});
  EXPECT_EQ(namespaces["rows"].items()[0]["cells"], Json::array({"default", "Active", "90s"}));
}

TEST_F(Door, WatchTellsWhatIsThereAndWhatHappens) {
  make("a");
  auto watch = send("GET", std::string(kWidgets) + "?watch=1");
  EXPECT_EQ(watch.response.status, 200);
  ASSERT_EQ(watch.body->lines(1).size(), 1u);
  make("b");
  ok("DELETE", object("a"));
  const auto lines = watch.body->lines(3);
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_EQ(lines[0].text({"type"}), "ADDED");
  EXPECT_EQ(lines[1].text({"object", "metadata", "name"}), "b");
  EXPECT_EQ(lines[2].text({"type"}), "DELETED");
  EXPECT_EQ(door.watch_count(), 1u);
  watch.body->go_away();
  for (int i = 0; i < 1'000 && door.watch_count() != 0; ++i) std::this_thread::sleep_for(5ms);
  EXPECT_EQ(door.watch_count(), 0u);
}

TEST_F(Door, WatchEndsAtItsTime) {
  auto watch = send("GET", std::string(kWidgets) + "?watch=true&timeoutSeconds=60");
  test.clock.advance(59s);
  EXPECT_EQ(door.watch_count(), 1u);
  test.clock.advance(2s);
  EXPECT_TRUE(watch.body->wait_finished());
}

TEST_F(Door, WatchSendsBookmarks) {
  auto watch = send("GET", std::string(kWidgets) + "?watch=true&allowWatchBookmarks=true&resourceVersion=2");
  make("a");
  ASSERT_EQ(watch.body->lines(1).size(), 1u);
  test.clock.advance(61s);
  const auto lines = watch.body->lines(2);
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[1].text({"type"}), "BOOKMARK");
  EXPECT_EQ(lines[1].text({"object", "metadata", "resourceVersion"}), std::to_string(test.store->revision()));
}

TEST_F(Door, WatchAsTableHasColumnsOnce) {
  make("a");
  auto watch = send("GET", std::string(kWidgets) + "?watch=true", "", {{"accept", std::string(kTable)}});
  make("b");
  const auto lines = watch.body->lines(2);
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[0]["object"]["columnDefinitions"].size(), 2u);
  EXPECT_TRUE(lines[1]["object"]["columnDefinitions"].is_null());
  EXPECT_EQ(lines[1]["object"]["rows"].items()[0]["cells"].items()[0], Json("b"));
}

TEST_F(Door, ThousandsOfWatchesNeedNoThreads) {
  constexpr int kWatches = 2'000;
  std::vector<std::shared_ptr<FakeBody>> bodies;
  for (int i = 0; i < kWatches; ++i) bodies.push_back(send("GET", std::string(kWidgets) + "?watch=1").body);
  make("a");
  for (const auto& body : bodies) ASSERT_EQ(body->lines(1).size(), 1u);
  door.stop();
  for (const auto& body : bodies) ASSERT_TRUE(body->wait_finished());
  EXPECT_TRUE(send("GET", std::string(kWidgets) + "?watch=1").body->wait_finished()) << "after stop";
}

class SmallRing : public Door {
 protected:
  SmallRing() : Door({.ring_events = 3}) {}
};

TEST_F(SmallRing, AWatchThatIsTooOldIsToldInTheStream) {
  for (int i = 0; i < 6; ++i) make(fmt::format("w{}", i));
  auto watch = send("GET", std::string(kWidgets) + "?watch=1&resourceVersion=1");
  EXPECT_EQ(watch.response.status, 200);
  ASSERT_TRUE(watch.body->wait_finished());
  const auto lines = watch.body->lines(1);
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines[0].text({"type"}), "ERROR");
  EXPECT_EQ(lines[0].text({"object", "reason"}), "Expired");
  EXPECT_EQ(lines[0]["object"]["code"], Json(410));
}

TEST_F(Door, BadRequestsGetAStatus) {
  struct Row {
    int status;
    std::string method, target, body, type, part;
  };
  const std::string widgets(kWidgets);
  for (const Row& row : {
           Row{404, "GET", "/apis/nowhere.com/v1/things", "", "", "could not find the requested resource"},
           Row{404, "GET", "/no/such/path", "", "", "could not find"},
           Row{404, "GET", "/apis/example.com/v1/widgets/a", "", "", "could not find"},
           Row{404, "GET", widgets + "/a/scale", "", "", "widgets.example.com \"a\" not found"},
           Row{405, "POST", widgets + "/a", "{}", "application/json", "does not allow this method"},
           Row{405, "POST", "/apis/example.com/v1/widgets", "{}", "application/json", "does not allow this method"},
           Row{405, "BREW", widgets, "", "", "does not allow this method"},
           Row{405, "POST", "/version", "{}", "", "does not allow this method"},
           Row{400, "POST", widgets, "\x01\x02garbage", "application/json", "unrecognized"},
           Row{400, "POST", widgets, "", "application/json", "unrecognized"},
           Row{400, "POST", widgets, "[1]", "application/json", "must be a JSON object"},
           Row{400, "POST", widgets, "{}", "application/json", "kind"},
           Row{400, "POST", widgets, R"({"kind":"Gadget","apiVersion":"example.com/v1"})", "application/json",
               "Gadget"},
           Row{400, "POST", widgets, R"({"kind":"Widget","apiVersion":"example.com/v1","metadata":"no"})",
               "application/json", "metadata"},
           Row{400, "POST", widgets, "a: {b", "application/yaml", "unrecognized"},
           Row{400, "POST", widgets, "k8s", "application/vnd.kubernetes.protobuf", "protobuf"},
           Row{415, "POST", widgets, "{}", "text/plain", "unknown format"},
           Row{415, "PATCH", widgets + "/a", "{}", "", "unknown format"},
           Row{400, "POST", widgets,
               R"({"kind":"Widget","apiVersion":"example.com/v1","metadata":{"name":"a","namespace":"other"}})",
               "application/json", "does not match the namespace"},
           Row{400, "PUT", widgets + "/a", R"({"kind":"Widget","apiVersion":"example.com/v1","metadata":{"name":"b"}})",
               "application/json", "does not match the name on the URL"},
           Row{422, "POST", widgets,
               R"({"kind":"Widget","apiVersion":"example.com/v1","metadata":{"name":"A_B"},"spec":{"size":1}})",
               "application/json", "Widget.example.com \"A_B\" is invalid: metadata.name"},
           Row{400, "DELETE", widgets + "/a", R"({"kind":"Secret"})", "application/json", "DeleteOptions"},
           Row{422, "DELETE", widgets + "/a?propagationPolicy=Never", "", "", "propagationPolicy"},
           Row{400, "DELETE", widgets + "/a?gracePeriodSeconds=soon", "", "", "parsing \"soon\""},
           Row{400, "DELETE", widgets + "/a", R"({"gracePeriodSeconds":"1"})", "application/json", "of type int64"},
           Row{400, "DELETE", widgets + "/a", R"({"dryRun":"All"})", "application/json", "of type []string"},
           Row{400, "DELETE", widgets + "/a", R"({"propagationPolicy":["Orphan"]})", "application/json",
               "unmarshal array into Go struct field DeleteOptions.propagationPolicy"},
           Row{400, "DELETE", widgets + "/a", R"({"preconditions":{"uid":5}})", "application/json",
               "DeleteOptions.preconditions.uid"},
           Row{422, "DELETE", widgets + "/a", R"({"dryRun":["Some"]})", "application/json", "dryRun"},
           Row{422, "DELETE", widgets + "/a?dryRun=All&dryRun=Some", "", "", "dryRun"},
           Row{422, "DELETE", widgets + "/a", R"({"orphanDependents":true,"propagationPolicy":"Orphan"})",
               "application/json", "cannot be both set"},
           Row{400, "PUT", widgets + "/a", R"({"kind":"Widget","apiVersion":"example.com/v1"})", "application/json",
               "name must be provided"},
           Row{400, "GET", widgets + "?watch=1&resourceVersion=x", "", "", "resourceVersion"},
           Row{422, "GET", widgets + "?watch=1&sendInitialEvents=true", "", "",
               "requires setting resourceVersionMatch"},
       }) {
    const Json status = fails(row.status, row.method, row.target, row.body,
                              row.type.empty() ? std::map<std::string, std::string>()
                                               : std::map<std::string, std::string>{{"content-type", row.type}});
    EXPECT_THAT(status.text({"message"}), HasSubstr(row.part)) << row.method << " " << row.target << " " << row.body;
  }
  EXPECT_EQ(send("GET", widgets, "", {{"accept", "image/png"}}).response.status, 406);
  EXPECT_EQ(send("GET", "/readyz").response.body, "ok");
}

}  // namespace
}  // namespace slipway::apiserver
