// Which lists and watches may be asked for, and what they show. The answers of the first table are kube-apiserver
// 1.36.3's own, asked for with the same parameters.
#include "apiserver/list_parameters.h"

#include "apiserver/test_door.h"

namespace slipway::apiserver {
namespace {

using ::testing::HasSubstr;

class Lists : public DoorTest {
 protected:
  explicit Lists(store::StoreOptions history = {}) : DoorTest(history) {
    for (int i = 1; i <= 5; ++i) make(fmt::format("w{}", i), fmt::format(R"({{"size": {}}})", i));
  }
  std::string revision() { return std::to_string(test.store->revision()); }
  std::string list(std::string_view parameters) { return fmt::format("{}?{}", kWidgets, parameters); }
  std::vector<std::string> names(const Json& document) {
    std::vector<std::string> out;
    for (const Json& item : document["items"].items()) out.push_back(meta::name(item));
    return out;
  }
};

TEST_F(Lists, RefusedParametersReadAsInKubernetes) {
  const std::string invalid = "ListOptions.meta.k8s.io \"\" is invalid: ";
  const std::string forbidden = invalid + "resourceVersionMatch: Forbidden: ";
  const std::string no_initial_list = invalid + "sendInitialEvents: Forbidden: sendInitialEvents is forbidden for list";
  for (const auto& [status, parameters, message] : std::vector<std::tuple<int, std::string, std::string>>{
           {400, "resourceVersion=abc",
            "invalid resource version: resourceVersion: Invalid value: \"abc\": strconv.ParseUint: parsing \"abc\": "
            "invalid "
            "syntax"},
           {400, "resourceVersion=-1",
            "invalid resource version: resourceVersion: Invalid value: \"-1\": strconv.ParseUint: parsing \"-1\": "
            "invalid "
            "syntax"},
           {422, "resourceVersionMatch=Exact",
            forbidden + "resourceVersionMatch is forbidden unless resourceVersion is provided"},
           {422, "resourceVersionMatch=NotOlderThan",
            forbidden + "resourceVersionMatch is forbidden unless resourceVersion is provided"},
           {422, "resourceVersion=0&resourceVersionMatch=Exact",
            forbidden + "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\""},
           {422, "resourceVersion=3&resourceVersionMatch=Bogus",
            invalid + "resourceVersionMatch: Unsupported value: \"Bogus\": supported values: \"Exact\", "
                      "\"NotOlderThan\", \"\""},
           {400, "limit=abc", "strconv.ParseInt: parsing \"abc\": invalid syntax"},
           {400, "limit=99999999999999999999",
            "strconv.ParseInt: parsing \"99999999999999999999\": value out of range"},
           {400, "timeoutSeconds=abc", "strconv.ParseInt: parsing \"abc\": invalid syntax"},
           {400, "continue=abc", "invalid continue token: continue key is not valid"},
           {400, "continue=abc&resourceVersion=5", "invalid continue token: continue key is not valid"},
           {422, "continue=abc&resourceVersionMatch=Exact&resourceVersion=5",
            forbidden + "resourceVersionMatch is forbidden when continue is provided"},
           {422, "sendInitialEvents=true", no_initial_list},
           {422, "sendInitialEvents=false", no_initial_list},
           {422, "watch=1&resourceVersionMatch=NotOlderThan",
            forbidden + "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"},
           {422, "watch=1&sendInitialEvents=true",
            forbidden + "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"},
           {422, "watch=1&sendInitialEvents=true&resourceVersionMatch=Exact",
            invalid + "[resourceVersionMatch: Forbidden: sendInitialEvents requires setting resourceVersionMatch to "
                      "NotOlderThan, resourceVersionMatch: Unsupported value: \"Exact\": supported values: "
                      "\"NotOlderThan\"]"},
           {422, "watch=1&continue=abc", forbidden + "resourceVersionMatch is forbidden when continue is provided"},
       }) {
    EXPECT_EQ(fails(status, "GET", list(parameters)).text({"message"}), message) << parameters;
  }
  for (const std::string& parameters : {std::string("resourceVersion=99999999"),
                                        std::string("resourceVersion=99999999&resourceVersionMatch=NotOlderThan"),
                                        std::string("resourceVersion=99999999&resourceVersionMatch=Exact")}) {
    const Json ahead = fails(504, "GET", list(parameters));
    EXPECT_EQ(ahead.text({"message"}), "Timeout: Too large resource version: 99999999, current: " + revision());
    EXPECT_EQ(ahead.get({"details", "causes"}).items()[0].text({"reason"}), "ResourceVersionTooLarge");
  }
  fails(504, "GET", object("w1") + "?resourceVersion=99999999");
  fails(400, "GET", object("w1") + "?resourceVersion=abc");
  EXPECT_EQ(ok("GET", object("w1") + "?resourceVersion=0").text({"kind"}), "Widget");
}

TEST_F(Lists, EveryMatchShowsTheRightState) {
  const std::string then = revision();
  make("w6");
  const std::string now = revision();
  struct Row {
    std::string parameters;
    std::size_t items;
    std::string revision;
    bool more;
  };
  for (const Row& row :
       std::vector<Row>{{"", 6, now, false},
                        {"resourceVersion=", 6, now, false},
                        {"resourceVersion=0", 6, now, false},
                        {"resourceVersion=1", 6, now, false},
                        {"resourceVersion=" + then, 6, now, false},
                        {"resourceVersion=" + then + "&resourceVersionMatch=NotOlderThan", 6, now, false},
                        {"resourceVersion=" + then + "&resourceVersionMatch=Exact", 5, then, false},
                        {"limit=2", 2, now, true},
                        {"limit=-1", 6, now, false},
                        {"limit=6", 6, now, false},
                        {"resourceVersion=" + then + "&limit=2", 2, then, true},
                        {"resourceVersion=" + then + "&resourceVersionMatch=NotOlderThan&limit=2", 2, now, true},
                        {"resourceVersion=" + then + "&resourceVersionMatch=Exact&limit=5", 5, then, false}}) {
    const Json shown = ok("GET", list(row.parameters));
    EXPECT_EQ(shown["items"].size(), row.items) << row.parameters;
    EXPECT_EQ(shown.text({"metadata", "resourceVersion"}), row.revision) << row.parameters;
    EXPECT_EQ(!shown.text({"metadata", "continue"}).empty(), row.more) << row.parameters;
  }
  EXPECT_EQ(ok("GET", list("limit=2"))["metadata"]["remainingItemCount"], Json(4));
  EXPECT_FALSE(ok("GET", list("limit=2&labelSelector=!a"))["metadata"].contains("remainingItemCount"));
}

TEST_F(Lists, PagesShowOneState) {
  const Json first = ok("GET", list("limit=2"));
  make("w21");
  ok("DELETE", object("w3"));
  const std::string token = first.text({"metadata", "continue"});
  const Json second = ok("GET", list("limit=2&continue=" + token));
  EXPECT_EQ(names(second), (std::vector<std::string>{"w3", "w4"}));
  EXPECT_EQ(second["metadata"]["resourceVersion"], first["metadata"]["resourceVersion"]);
  EXPECT_EQ(second["metadata"]["remainingItemCount"], Json(1));
  fails(400, "GET", list("resourceVersion=3&continue=" + token));
  EXPECT_EQ(names(ok("GET", list("resourceVersion=0&continue=" + token))),
            (std::vector<std::string>{"w3", "w4", "w5"}));
}

TEST_F(Lists, DeletionOfACollectionTakesAPage) {
  const Json gone = ok("DELETE", list("limit=2"));
  EXPECT_EQ(names(gone), (std::vector<std::string>{"w1", "w2"}));
  EXPECT_FALSE(gone.text({"metadata", "continue"}).empty());
  EXPECT_EQ(ok("GET", list(""))["items"].size(), 3u);
  fails(422, "DELETE", list("resourceVersionMatch=Exact"));
}

class ShortHistory : public Lists {
 protected:
  ShortHistory() : Lists({.ring_events = 3}) {}
};

TEST_F(ShortHistory, AListWhoseStateIsGoneCanGoOnWithWhatIsThere) {
  const std::string old = revision();
  const Json first = ok("GET", list("limit=2"));
  for (int i = 6; i <= 9; ++i) make(fmt::format("w{}", i));
  const Json gone = fails(410, "GET", list("limit=2&continue=" + first.text({"metadata", "continue"})));
  EXPECT_EQ(gone.text({"reason"}), "Expired");
  EXPECT_THAT(gone.text({"message"}), HasSubstr("use the continue token in this response"));
  EXPECT_FALSE(gone.contains("details"));
  const std::string token = gone.text({"metadata", "continue"});
  ASSERT_FALSE(token.empty());
  const Json rest = ok("GET", list("limit=3&continue=" + token));
  EXPECT_EQ(names(rest), (std::vector<std::string>{"w3", "w4", "w5"}));
  EXPECT_EQ(rest.text({"metadata", "resourceVersion"}), revision());
  EXPECT_EQ(names(ok("GET", list("continue=" + rest.text({"metadata", "continue"})))),
            (std::vector<std::string>{"w6", "w7", "w8", "w9"}));
  EXPECT_EQ(fails(410, "GET", list("resourceVersionMatch=Exact&resourceVersion=" + old)).text({"message"}),
            "The resourceVersion for the provided list is too old.");
}

class Watches : public Lists {
 protected:
  // What the first events are, as "ADDED w1"; `end` marks the bookmark after the initial ones.
  std::vector<std::string> events(std::string_view parameters, std::size_t count) {
    auto watch = send("GET", list(fmt::format("watch=1&{}", parameters)));
    EXPECT_EQ(watch.response.status, 200) << parameters;
    if (count == 0) make("last");  // proves that nothing came before it
    std::vector<std::string> out;
    for (const Json& line : watch.body->lines(std::max<std::size_t>(count, 1)))
      out.push_back(
          fmt::format("{} {}", line.text({"type"}),
                      line.text({"type"}) == "BOOKMARK"
                          ? line.get({"object", "metadata", "annotations"}).text({"k8s.io/initial-events-end"})
                          : line.text({"object", "metadata", "name"})));
    watch.body->go_away();
    if (count == 0) ok("DELETE", object("last"));
    return out;
  }
};

TEST_F(Watches, StartWhereTheyAreAskedTo) {
  const std::string then = revision();
  make("w6");
  const std::vector<std::string> all{"ADDED w1", "ADDED w2", "ADDED w3", "ADDED w4", "ADDED w5", "ADDED w6"};
  std::vector<std::string> all_and_end = all;
  all_and_end.emplace_back("BOOKMARK true");
  const std::string initial = "sendInitialEvents=true&resourceVersionMatch=NotOlderThan";
  EXPECT_EQ(events("", 6), all);
  EXPECT_EQ(events("resourceVersion=0", 6), all);
  EXPECT_EQ(events("limit=2", 6), all);
  EXPECT_EQ(events("allowWatchBookmarks=true", 7), all_and_end);
  EXPECT_EQ(events("resourceVersion=0&allowWatchBookmarks=true", 7), all_and_end);
  EXPECT_EQ(events(initial, 6), all);
  EXPECT_EQ(events(initial + "&allowWatchBookmarks=true", 7), all_and_end);
  EXPECT_EQ(events(initial + "&allowWatchBookmarks=true&resourceVersion=" + then, 7), all_and_end);
  EXPECT_EQ(events("resourceVersion=" + then, 1), (std::vector<std::string>{"ADDED w6"}));
  EXPECT_EQ(events("allowWatchBookmarks=true&resourceVersion=" + then, 1), (std::vector<std::string>{"ADDED w6"}));
  const std::string none = "sendInitialEvents=false&resourceVersionMatch=NotOlderThan";
  EXPECT_EQ(events(none + "&resourceVersion=" + then, 1), (std::vector<std::string>{"ADDED w6"}));
  EXPECT_EQ(events(none, 0), (std::vector<std::string>{"ADDED last"}));
  EXPECT_EQ(events(none + "&resourceVersion=0", 0), (std::vector<std::string>{"ADDED last"}));
}

TEST_F(Watches, TheEndOfTheInitialEventsComesInEveryForm) {
  const std::string target = list(
      "watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&fieldSelector="
      "metadata.name=w3");
  const auto last = [&](std::string_view accept) {
    auto watch = send("GET", target, "", {{"accept", std::string(accept)}});
    const auto lines = watch.body->lines(2);
    EXPECT_EQ(lines.size(), 2u);
    EXPECT_EQ(lines.back().text({"type"}), "BOOKMARK");
    watch.body->go_away();
    return lines.back()["object"];
  };
  const Json plain = last("application/json");
  EXPECT_EQ(plain.text({"kind"}), "Widget");
  EXPECT_EQ(plain.text({"metadata", "resourceVersion"}), revision());
  const Json partial = last("application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1");
  EXPECT_EQ(partial.text({"kind"}), "PartialObjectMetadata");
  EXPECT_EQ(partial.get({"metadata", "annotations"}).text({"k8s.io/initial-events-end"}), "true");
  const Json table = last(kTable);
  EXPECT_EQ(table.text({"kind"}), "Table");
  EXPECT_EQ(table["rows"].items()[0].get({"object", "metadata", "annotations"}).text({"k8s.io/initial-events-end"}),
            "true");
}

TEST_F(Watches, FromAStateThatIsNotThereYetIsToldInTheStream) {
  auto watch = send("GET", list("watch=1&resourceVersion=99999999"));
  EXPECT_EQ(watch.response.status, 200);
  const auto lines = watch.body->lines(1);
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines[0].text({"type"}), "ERROR");
  EXPECT_EQ(lines[0].get({"object", "details", "causes"}).items()[0].text({"reason"}), "ResourceVersionTooLarge");
}

TEST_F(Watches, ASlowReaderHoldsUpItsOwnWatchOnly) {
  for (int i = 0; i < 500; ++i) make(fmt::format("x{}", i));
  // The first portion of initial events is more than may be unsent: the next one waits.
  most_unsent = 0;
  auto slow = send("GET", list("watch=1"));
  most_unsent = SIZE_MAX;
  auto quick = send("GET", list("watch=1"));
  EXPECT_EQ(quick.body->lines(505).size(), 505u);
  EXPECT_EQ(slow.body->lines(100).size(), 100u);
  slow.body->allow(SIZE_MAX);
  EXPECT_EQ(slow.body->lines(505).size(), 505u);
}

TEST_F(Watches, AnObjectByItsPathIsReadNotWatched) {
  EXPECT_EQ(ok("GET", object("w1") + "?watch=1").text({"kind"}), "Widget");
}

}  // namespace
}  // namespace slipway::apiserver
