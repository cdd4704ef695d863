#include "control/manager.h"

#include <gmock/gmock.h>
#include <map>

#include "control/faulty_client_test.h"
#include "control/object_patch.h"

namespace slipway::control {
namespace {

using base::ErrorCode;
using base::Result;
using std::chrono::milliseconds;

struct ManagerTest : testing::Test {
  TestPlane plane;
  std::unique_ptr<Manager> manager =
      Manager::create({.client = &plane.client, .clock = &plane.clock, .component = "test"});
  std::mutex mutex;
  std::map<std::string, int> passes;

  int passes_of(const std::string& name) {
    std::lock_guard lock(mutex);
    return passes[name];
  }
  Reconcile counting(Result<Outcome> outcome = Outcome::done()) {
    return [this, outcome](const ObjectKey& key) {
      std::lock_guard lock(mutex);
      ++passes[key.name];
      return outcome;
    };
  }
  void idle() {
    ASSERT_TRUE(eventually([&] { return manager->is_idle(); }));
  }
  void start() {
    const auto started = manager->start();
    ASSERT_TRUE(started.has_value()) << started.error().message();
    idle();
  }
};

TEST_F(ManagerTest, EveryObjectAndEveryChangeIsReconciled) {
  plane.create("before");
  manager->add_controller({.name = "maps", .for_kind = kube::kConfigMap}, counting());
  start();
  EXPECT_EQ(passes_of("before"), 1);
  plane.create("after");
  idle();
  EXPECT_EQ(passes_of("after"), 1);
  plane.write("after", "2");
  idle();
  EXPECT_EQ(passes_of("after"), 2);
  plane.remove("after");
  idle();
  EXPECT_EQ(passes_of("after"), 3);
  manager->enqueue("maps", {"default", "before"});
  idle();
  EXPECT_EQ(passes_of("before"), 2);
  EXPECT_EQ(manager->statistics().at(0).reconciles, 5u);
}

TEST_F(ManagerTest, OwnedAndWatchedObjectsWakeTheirKeys) {
  const ObjectPtr owner = plane.create("owner");
  manager->add_controller(
      {.name = "maps",
       .for_kind = kube::kConfigMap,
       .owns = {kube::kSecret},
       .watches = {{kube::kLease,
                    [](const Json& lease) { return std::vector<ObjectKey>{{"default", meta::label(lease, "for")}}; }}}},
      counting());
  start();
  Json secret = meta::make_object(kube::kSecret, {"default", "s"});
  meta::set_owner_reference(secret, *owner, true);
  ASSERT_TRUE(plane.local.create(secret).has_value());
  idle();
  EXPECT_EQ(passes_of("owner"), 2);
  Json lease = meta::make_object(kube::kLease, {"default", "l"});
  meta::set_label(lease, "for", "somebody");
  ASSERT_TRUE(plane.local.create(lease).has_value());
  idle();
  EXPECT_EQ(passes_of("somebody"), 1);
  EXPECT_EQ(passes_of("s"), 0);
}

TEST_F(ManagerTest, FailuresComeBackWithBackoffAndExceptionsAreFailures) {
  plane.create("a");
  std::atomic<int> runs{0};
  manager->add_controller({.name = "maps", .for_kind = kube::kConfigMap}, [&](const ObjectKey&) -> Result<Outcome> {
    const int run = ++runs;
    if (run == 1) return base::fail(ErrorCode::kUnavailable, "first pass");
    if (run == 2) throw std::runtime_error("second pass");
    return Outcome::done();
  });
  start();
  EXPECT_EQ(runs, 1);
  plane.clock.advance(milliseconds(50));
  ASSERT_TRUE(eventually([&] { return runs == 2; }));
  idle();
  plane.clock.advance(milliseconds(99));
  idle();
  EXPECT_EQ(runs, 2);
  plane.clock.advance(milliseconds(1));
  ASSERT_TRUE(eventually([&] { return runs == 3; }));
  idle();
  EXPECT_EQ(manager->statistics().at(0).errors, 2u);
}

TEST_F(ManagerTest, RequeueAfterIsOnTheClock) {
  plane.create("a");
  manager->add_controller({.name = "maps", .for_kind = kube::kConfigMap}, counting(Outcome::after(milliseconds(1000))));
  start();
  EXPECT_EQ(passes_of("a"), 1);
  plane.clock.advance(milliseconds(1000));
  ASSERT_TRUE(eventually([&] { return passes_of("a") == 2; }));
}

TEST_F(ManagerTest, ReconcilesOfDistinctKeysRunInParallel) {
  for (const char* name : {"a", "b", "c"}) plane.create(name);
  std::atomic<int> inside{0};
  manager->add_controller(
      {.name = "maps", .for_kind = kube::kConfigMap, .workers = 3}, [&](const ObjectKey&) -> Result<Outcome> {
        ++inside;
        return eventually([&] { return inside >= 3; }) ? Result<Outcome>(Outcome::done())
                                                       : Result<Outcome>(ErrorCode::kTimeout, "alone");
      });
  start();
  EXPECT_EQ(manager->statistics().at(0).errors, 0u);
}

TEST_F(ManagerTest, StopWaitsForTheRunningPassAndIsIdempotent) {
  plane.create("a");
  std::atomic<bool> inside{false};
  std::atomic<bool> release{false};
  std::atomic<bool> finished{false};
  manager->add_controller({.name = "maps", .for_kind = kube::kConfigMap}, [&](const ObjectKey&) -> Result<Outcome> {
    inside = true;
    eventually([&] { return release.load(); });
    finished = true;
    return Outcome::done();
  });
  ASSERT_TRUE(manager->start().has_value());
  ASSERT_TRUE(eventually([&] { return inside.load(); }));
  std::jthread stopper([&] { manager->stop(); });
  release = true;
  stopper.join();
  EXPECT_TRUE(finished);
  manager->stop();
}

TEST_F(ManagerTest, EventsAboutTheSameAreCountedOnOneObject) {
  const ObjectPtr about = plane.create("a");
  start();
  for (int i = 0; i < 3; ++i) manager->events().warning(*about, "Broken", "it is broken");
  manager->events().normal(*about, "Fine", "it is fine");
  idle();
  manager->events().warning(*about, "Broken", "it is broken");
  idle();
  const auto events = plane.local.list(kube::kEvent, {});
  ASSERT_TRUE(events.has_value());
  ASSERT_EQ(events->items.size(), 2u);
  for (const ObjectPtr& event : events->items) {
    const bool broken = event->text({"reason"}) == "Broken";
    EXPECT_EQ((*event)["count"].integer_or(0), broken ? 4 : 1);
    EXPECT_EQ(event->text({"type"}), broken ? "Warning" : "Normal");
    EXPECT_EQ(event->text({"involvedObject", "uid"}), meta::uid(*about));
    EXPECT_EQ(event->text({"source", "component"}), "test");
    EXPECT_TRUE(meta::name(*event).starts_with("a."));
  }
}

TEST_F(ManagerTest, EventsNobodyRepeatsExpire) {
  const ObjectPtr about = plane.create("a");
  start();
  manager->events().normal(*about, "Old", "once");
  idle();
  plane.clock.advance(std::chrono::minutes(59));
  manager->events().normal(*about, "New", "later");
  idle();
  EXPECT_EQ(plane.local.list(kube::kEvent, {})->items.size(), 2u);
  plane.clock.advance(std::chrono::minutes(11));
  manager->events().normal(*about, "New", "later");
  idle();
  const auto events = plane.local.list(kube::kEvent, {});
  ASSERT_EQ(events->items.size(), 1u);
  EXPECT_EQ(events->items[0]->text({"reason"}), "New");
}

TEST_F(ManagerTest, AnEventIsWrittenBeforeStopReturns) {
  const ObjectPtr about = plane.create("a");
  start();
  manager->events().normal(*about, "Last", std::string(2000, 'x'));
  manager->stop();
  const auto events = plane.local.list(kube::kEvent, {});
  ASSERT_EQ(events->items.size(), 1u);
  EXPECT_EQ(events->items[0]->text({"message"}).size(), 1024u);
}

}  // namespace
}  // namespace slipway::control
