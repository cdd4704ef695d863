#include "registry/garbage_collector.h"

#include <gtest/gtest.h>

#include "registry/test_registry.h"

namespace slipway::registry {
namespace {

class GarbageCollection : public testing::Test {
 protected:
  Json make(std::string_view name, const std::vector<Json>& owners = {}, bool block = true) {
    Json object = widget(name);
    for (const Json& owner : owners) meta::set_owner_reference(object, owner, false);
    for (Json& reference : object.at({"metadata", "ownerReferences"}).mutable_items())
      reference.set("blockOwnerDeletion", block);
    auto created = test.registry.create(test.widgets, object);
    EXPECT_TRUE(created) << created.error().message();
    return created ? **created : Json();
  }
  void remove(std::string_view name, Propagation propagation = Propagation::kBackground) {
    const auto removed =
        test.registry.remove(test.widgets, {"default", std::string(name)}, {.propagation = propagation});
    EXPECT_TRUE(removed) << removed.error().message();
  }
  void hold(std::string_view name) { set_finalizers(name, R"(["example.com/hold"])"); }
  void release(std::string_view name) {
    Json object = get(name);
    meta::remove_finalizer(object, "example.com/hold");
    EXPECT_TRUE(test.registry.update(test.widgets, object));
  }
  void set_finalizers(std::string_view name, std::string_view list) {
    Json object = get(name);
    object.at({"metadata", "finalizers"}) = json(list);
    EXPECT_TRUE(test.registry.update(test.widgets, object));
  }
  Json get(std::string_view name) {
    const auto found = test.registry.get(test.widgets, {"default", std::string(name)});
    return found ? **found : Json();
  }
  // Names of all widgets; a star behind those that are being deleted.
  std::string names() {
    std::string all;
    const auto list = test.registry.list(test.widgets, {});
    for (const ObjectPtr& item : list->items)
      all += (all.empty() ? "" : " ") + meta::name(*item) + (meta::is_deleting(*item) ? "*" : "");
    return all;
  }
  void collect() {
    for (int round = 0; round < 100; ++round) {
      const auto more = collector.run_once(std::chrono::milliseconds(0));
      ASSERT_TRUE(more) << more.error().message();
      if (!*more) return;
    }
    FAIL() << "the collector does not come to rest";
  }

  TestRegistry test;
  GarbageCollector collector{test.registry};
};

TEST_F(GarbageCollection, BackgroundDeletesTheWholeTree) {
  const Json a = make("a");
  const Json b = make("b", {a});
  make("c", {b});
  make("other");
  collect();
  EXPECT_EQ(names(), "a b c other");
  remove("a");
  EXPECT_EQ(names(), "b c other");
  collect();
  EXPECT_EQ(names(), "other");
}

TEST_F(GarbageCollection, FindsOrphansOfTheTimeBeforeItStarted) {
  const Json a = make("a");
  make("b", {a});
  remove("a");
  collect();
  EXPECT_EQ(names(), "");
}

TEST_F(GarbageCollection, AnotherOwnerKeepsAnObject) {
  const Json a = make("a");
  const Json b = make("b");
  make("c", {a, b});
  collect();
  remove("a");
  collect();
  EXPECT_EQ(names(), "b c");
  ASSERT_EQ(meta::owner_references(get("c")).size(), 1u);
  EXPECT_EQ(meta::owner_references(get("c"))[0].name, "b");
  remove("b");
  collect();
  EXPECT_EQ(names(), "");
}

TEST_F(GarbageCollection, ForegroundWaitsForBlockingDependents) {
  const Json a = make("a");
  const Json b = make("b", {a});
  make("c", {b});
  hold("c");
  collect();
  remove("a", Propagation::kForeground);
  collect();
  EXPECT_EQ(names(), "a* b* c*");
  release("c");
  collect();
  EXPECT_EQ(names(), "");
}

TEST_F(GarbageCollection, ForegroundDoesNotWaitForOthers) {
  const Json a = make("a");
  make("b", {a}, false);
  hold("b");
  remove("a", Propagation::kForeground);
  collect();
  EXPECT_EQ(names(), "b*");
}

TEST_F(GarbageCollection, ForegroundCircleEnds) {
  const Json a = make("a");
  const Json b = make("b", {a});
  Json again = get("a");
  meta::set_owner_reference(again, b, true);
  ASSERT_TRUE(test.registry.update(test.widgets, again));
  collect();
  remove("a", Propagation::kForeground);
  collect();
  EXPECT_EQ(names(), "");
}

TEST_F(GarbageCollection, OrphanLeavesDependents) {
  const Json a = make("a");
  make("b", {a});
  collect();
  remove("a", Propagation::kOrphan);
  EXPECT_EQ(names(), "a* b");
  collect();
  EXPECT_EQ(names(), "b");
  EXPECT_TRUE(meta::owner_references(get("b")).empty());
}

TEST_F(GarbageCollection, OwnersOfUnknownKindsCountAsPresent) {
  Json owner = meta::make_object({"apps", "v1", "Deployment"}, {"default", "x"});
  owner.at("metadata").set("uid", "not-here");
  make("a", {owner});
  collect();
  EXPECT_EQ(names(), "a");
}

TEST_F(GarbageCollection, ClusterScopedObjectIsNotOwnedFromANamespace) {
  const Json a = make("a");
  Json object = gadget("g");
  meta::set_owner_reference(object, a, true);
  ASSERT_TRUE(test.registry.create(test.gadgets, object));
  remove("a");
  collect();
  EXPECT_TRUE(test.registry.get(test.gadgets, {"", "g"}));
}

TEST_F(GarbageCollection, ReusedNameIsNotTheOwner) {
  const Json a = make("a");
  make("b", {a});
  remove("a");
  make("a");
  collect();
  EXPECT_EQ(names(), "a");
}

TEST_F(GarbageCollection, NoOwnerAcrossNamespaces) {
  ASSERT_TRUE(test.registry.create(test.namespaces, meta::make_object({"", "v1", "Namespace"}, {"", "edge"})));
  Json far = widget("far");
  far.at("metadata").set("namespace", "edge");
  make("b", {**test.registry.create(test.widgets, far)});
  collect();
  EXPECT_EQ(names(), "far");
}

TEST_F(GarbageCollection, NamespaceGoesWithItsContent) {
  ASSERT_TRUE(test.registry.create(test.namespaces, meta::make_object({"", "v1", "Namespace"}, {"", "edge"})));
  Json object = widget("a");
  object.at("metadata").set("namespace", "edge");
  object.at({"metadata", "finalizers"}).append("example.com/hold");
  ASSERT_TRUE(test.registry.create(test.widgets, object));
  Json secret = meta::make_object({"", "v1", "Secret"}, {"edge", "s"});
  ASSERT_TRUE(test.registry.create(test.secrets, secret));
  make("stays");
  ASSERT_TRUE(test.registry.remove(test.namespaces, {"", "edge"}));
  collect();
  EXPECT_EQ(names(), "stays a*");
  EXPECT_FALSE(test.registry.get(test.secrets, {"edge", "s"}));
  EXPECT_TRUE(test.registry.get(test.namespaces, {"", "edge"}));
  Json held = **test.registry.get(test.widgets, {"edge", "a"});
  meta::remove_finalizer(held, "example.com/hold");
  ASSERT_TRUE(test.registry.update(test.widgets, held));
  collect();
  EXPECT_EQ(names(), "stays");
  EXPECT_FALSE(test.registry.get(test.namespaces, {"", "edge"}));
}

// Emptying a large namespace takes many writes; what else there is to collect does not wait for the last of them.
TEST_F(GarbageCollection, LargeNamespaceLetsOthersGoFirst) {
  ASSERT_TRUE(test.registry.create(test.namespaces, meta::make_object({"", "v1", "Namespace"}, {"", "large"})));
  for (int i = 0; i < 1'000; ++i)
    ASSERT_TRUE(test.registry.create(test.secrets,
                                     meta::make_object({"", "v1", "Secret"}, {"large", "s" + std::to_string(i)})));
  make("b", {make("a")});
  const auto secrets = [&] { return test.registry.list(test.secrets, {.ns = "large"})->items.size(); };
  collect();
  ASSERT_EQ(secrets(), 1'000u);
  ASSERT_TRUE(test.registry.remove(test.namespaces, {"", "large"}));
  remove("a");
  ASSERT_TRUE(collector.run_once(std::chrono::milliseconds(0)));
  EXPECT_EQ(names(), "");
  EXPECT_GT(secrets(), 0u);
  collect();
  EXPECT_EQ(secrets(), 0u);
  EXPECT_FALSE(test.registry.get(test.namespaces, {"", "large"}));
}

TEST_F(GarbageCollection, RunsInItsThread) {
  collector.start();
  const Json a = make("a");
  make("b", {a});
  remove("a");
  auto watch = test.registry.watch(test.widgets, {});
  ASSERT_TRUE(watch);
  // The watch starts before or after the collector's deletion; either way it comes.
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (!names().empty() && std::chrono::steady_clock::now() < deadline)
    (void)(*watch)->next(std::chrono::milliseconds(1000));
  EXPECT_EQ(names(), "");
  collector.stop();
}

// The ring is smaller than what happens between two rounds: it starts over from a list.
TEST(GarbageCollectionRing, ListsAgainWhenItFellBehind) {
  TestRegistry test({.ring_events = 4});
  GarbageCollector collector(test.registry);
  ASSERT_TRUE(collector.run_once(std::chrono::milliseconds(0)));
  Json owner = **test.registry.create(test.widgets, widget("a"));
  Json object = widget("b");
  meta::set_owner_reference(object, owner, true);
  ASSERT_TRUE(test.registry.create(test.widgets, object));
  ASSERT_TRUE(test.registry.remove(test.widgets, {"default", "a"}));
  for (const char* name : {"c", "d", "e", "f", "g", "h"}) ASSERT_TRUE(test.registry.create(test.widgets, widget(name)));
  for (int round = 0; round < 10; ++round) ASSERT_TRUE(collector.run_once(std::chrono::milliseconds(0)));
  EXPECT_FALSE(test.registry.get(test.widgets, {"default", "b"}));
}

}  // namespace
}  // namespace slipway::registry
