#include <atomic>
#include <gtest/gtest.h>
#include <thread>

#include "registry/test_registry.h"

namespace slipway::registry {
namespace {

using base::ErrorCode;

class ResourceWatch : public testing::Test {
 protected:
  std::unique_ptr<Watch> watch(WatchOptions options = {}) {
    auto watch = test.registry.watch(test.widgets, options);
    EXPECT_TRUE(watch) << watch.error().message();
    return watch ? std::move(*watch) : nullptr;
  }
  // "ADDED a, DELETED b": everything that is there to be read.
  static std::string read(Watch& watch) {
    std::string text;
    while (true) {
      const auto events = watch.next(std::chrono::milliseconds(0));
      if (!events) return std::string(base::error_code_name(events.error().code()));
      if (events->empty()) return text;
      for (const WatchEvent& event : *events)
        text += (text.empty() ? "" : ", ") + std::string(watch_event_type_text(event.type)) + " " +
                meta::name(*event.object);
    }
  }
  void create(std::string_view name, std::string_view color = "red", std::string_view ns = "default") {
    Json object = widget(name);
    object.at("spec").set("color", color);
    object.at("metadata").set("namespace", ns);
    meta::set_label(object, "color", color);
    const auto created = test.registry.create(test.widgets, object);
    ASSERT_TRUE(created) << created.error().message();
  }
  void paint(std::string_view name, std::string_view color) {
    Json patch = Json::object();
    patch.at({"spec", "color"}) = color;
    patch.at({"metadata", "labels", "color"}) = color;
    ASSERT_TRUE(test.registry.patch(test.widgets, {"default", std::string(name)}, PatchType::kMerge, patch));
  }
  void remove(std::string_view name) {
    ASSERT_TRUE(test.registry.remove(test.widgets, {"default", std::string(name)}));
  }
  std::string now() { return std::to_string(test.store->revision()); }

  TestRegistry test;
};

TEST_F(ResourceWatch, StartsWithWhatIsThere) {
  create("a");
  const auto all = watch();
  create("b");
  remove("a");
  EXPECT_EQ(read(*all), "ADDED a, ADDED b, DELETED a");
}

TEST_F(ResourceWatch, ContinuesFromARevision) {
  create("a");
  const std::string start = now();
  create("b");
  paint("a", "blue");
  EXPECT_EQ(read(*watch({.resource_version = start})), "ADDED b, MODIFIED a");
  EXPECT_EQ(read(*watch({.resource_version = now()})), "");
}

TEST_F(ResourceWatch, KeepsToItsNamespace) {
  const auto watched = watch({.ns = "kube-system", .resource_version = now()});
  create("a");
  create("b", "red", "kube-system");
  EXPECT_EQ(read(*watched), "ADDED b");
}

TEST_F(ResourceWatch, SelectionChangesLookLikeComingAndGoing) {
  const auto by_label = watch({.labels = meta::LabelSelector::equals("color", "blue"), .resource_version = now()});
  const auto by_field = watch({.fields = *meta::FieldSelector::parse("spec.color=blue"), .resource_version = now()});
  create("a");
  paint("a", "blue");
  ASSERT_TRUE(test.registry.patch(test.widgets, {"default", "a"}, PatchType::kMerge, json(R"({"spec": {"size": 9}})")));
  paint("a", "red");
  const std::string left_at = now();
  remove("a");
  create("b", "blue");
  remove("b");
  constexpr std::string_view kExpected = "ADDED a, MODIFIED a, DELETED a, ADDED b, DELETED b";
  EXPECT_EQ(read(*by_label), kExpected);
  EXPECT_EQ(read(*by_field), kExpected);

  const auto events = watch({.labels = meta::LabelSelector::equals("color", "blue"),
                             .resource_version = std::to_string(std::stoll(left_at) - 1)})
                          ->next(std::chrono::milliseconds(0));
  ASSERT_TRUE(events);
  // The one that left: as it was, at the revision of the change.
  EXPECT_EQ((*events)[0].object->text({"spec", "color"}), "blue");
  EXPECT_EQ(meta::resource_version(*(*events)[0].object), left_at);
}

TEST_F(ResourceWatch, DeletedObjectIsTheLastOneAtTheRevisionOfItsEnd) {
  create("a");
  const auto watched = watch({.resource_version = now()});
  remove("a");
  const auto events = watched->next(std::chrono::milliseconds(0));
  ASSERT_TRUE(events);
  ASSERT_EQ(events->size(), 1u);
  EXPECT_EQ((*events)[0].object->text({"spec", "color"}), "red");
  EXPECT_EQ(meta::resource_version(*(*events)[0].object), now());
}

TEST_F(ResourceWatch, WatchersShareOneObject) {
  const auto one = watch({.resource_version = now()});
  const auto two = watch({.resource_version = now()});
  create("a");
  EXPECT_EQ((*one->next(std::chrono::milliseconds(0)))[0].object, (*two->next(std::chrono::milliseconds(0)))[0].object);
}

TEST_F(ResourceWatch, ShowsTheVersionThatWasAskedFor) {
  const auto watched = test.registry.watch(*test.registry.catalog().find("example.com", "v1beta1", "widgets"), {});
  ASSERT_TRUE(watched);
  create("a");
  EXPECT_EQ((*(*watched)->next(std::chrono::milliseconds(0)))[0].object->text({"apiVersion"}), "example.com/v1beta1");
}

TEST_F(ResourceWatch, Bookmarks) {
  create("a");
  const auto silent = watch({.resource_version = now()});
  const auto watched = watch({.resource_version = now(), .allow_bookmarks = true});
  ASSERT_TRUE(test.registry.create(test.gadgets, gadget("g")));
  EXPECT_TRUE(watched->next(std::chrono::milliseconds(0))->empty());
  test.clock.advance(std::chrono::minutes(2));
  const auto events = watched->next(std::chrono::milliseconds(0));
  ASSERT_EQ(events->size(), 1u);
  EXPECT_EQ((*events)[0].type, WatchEvent::Type::kBookmark);
  EXPECT_EQ(*(*events)[0].object, Json::object({{"apiVersion", "example.com/v1"},
                                                {"kind", "Widget"},
                                                {"metadata", Json::object({{"resourceVersion", now()}})}}));
  EXPECT_TRUE(watched->next(std::chrono::milliseconds(0))->empty());
  EXPECT_TRUE(silent->next(std::chrono::milliseconds(0))->empty());
}

TEST_F(ResourceWatch, TooOldIsExpired) {
  TestRegistry small({.ring_events = 4});
  const std::string start = std::to_string(small.store->revision());
  for (const char* name : {"a", "b", "c", "d", "e", "f"})
    ASSERT_TRUE(small.registry.create(small.widgets, widget(name)));
  const auto watched = small.registry.watch(small.widgets, {.resource_version = start});
  ASSERT_FALSE(watched);
  EXPECT_EQ(watched.error().code(), ErrorCode::kExpired);
}

TEST_F(ResourceWatch, RefusesWhatIsNoRevision) {
  for (const char* bad : {"x", "-1", "1x", "99999999999999999999"}) {
    const auto watched = test.registry.watch(test.widgets, {.resource_version = bad});
    ASSERT_FALSE(watched) << bad;
    EXPECT_EQ(watched.error().code(), ErrorCode::kBadRequest);
  }
}

TEST_F(ResourceWatch, CloseEndsAWaitingReader) {
  const auto watched = watch({.resource_version = now()});
  std::jthread reader([&] {
    const auto events = watched->next(std::chrono::seconds(60));
    ASSERT_FALSE(events);
    EXPECT_EQ(events.error().code(), ErrorCode::kCancelled);
  });
  watched->close();
}

TEST_F(ResourceWatch, TellsWhenItIsReady) {
  std::atomic<int> calls = 0;
  create("a");
  const auto watched = watch();
  watched->on_ready([&] { ++calls; });
  EXPECT_GE(calls.load(), 1);
  EXPECT_EQ(read(*watched), "ADDED a");
  calls = 0;
  create("b");
  EXPECT_GE(calls.load(), 1);
  watched->on_ready({});
  calls = 0;
  create("c");
  EXPECT_EQ(calls.load(), 0);
}

}  // namespace
}  // namespace slipway::registry
