#include "net/worker_pool.h"

#include <gmock/gmock.h>
#include <latch>
#include <set>

namespace slipway::net {
namespace {

using Admission = WorkerPool::Admission;

// A pool whose threads are held until everything is queued, and the order in which tasks then run.
struct WorkerPoolTest : testing::Test {
  std::mutex mutex;
  std::vector<std::string> ran;

  void hold(WorkerPool& pool, int flow_class, std::latch& held, std::latch& go) {
    ASSERT_EQ(pool.run({flow_class, "holder"},
                       [&](WorkerPool::Slot) {
                         held.count_down();
                         go.wait();
                       }),
              Admission::kAccepted);
  }
  Admission add(WorkerPool& pool, RequestFlow flow, std::string name) {
    return pool.run(flow, [this, name = std::move(name)](WorkerPool::Slot) {
      const std::lock_guard lock(mutex);
      ran.push_back(name);
    });
  }
};

// In every test the pool comes last: its tasks use what stands before it.
TEST_F(WorkerPoolTest, ClassesTakeTurnsAndTheirUsersToo) {
  std::latch held(1), go(1), done(1);
  WorkerPool pool(1, 1000);
  hold(pool, 9, held, go);
  held.wait();
  for (int i = 0; i < 3; ++i) add(pool, {1, "busy"}, "busy" + std::to_string(i));
  for (const char* user : {"a", "b", "c"}) add(pool, {1, user}, user);
  add(pool, {0, "admin"}, "admin0");
  add(pool, {0, "admin"}, "admin1");
  pool.run({2, "last"}, [&](WorkerPool::Slot) { done.count_down(); });
  go.count_down();
  done.wait();
  // Whatever class comes first, the administrator's second request waits for one request of each other class only.
  std::unique_lock lock(mutex);
  EXPECT_THAT(ran, testing::Contains("busy0"));
  EXPECT_THAT(ran, testing::Contains("admin0"));
  lock.unlock();
  pool.run({2, "end"}, [](WorkerPool::Slot) {});
  while (true) {
    lock.lock();
    if (ran.size() == 8) break;
    lock.unlock();
    std::this_thread::yield();
  }
  const auto at = [&](const std::string& name) { return std::ranges::find(ran, name) - ran.begin(); };
  EXPECT_LE(at("admin1"), 3);
  EXPECT_LT(at("a"), at("busy1")) << "one busy user takes turns with the others";
  EXPECT_LT(at("c"), at("busy1"));
  EXPECT_LT(at("busy0"), at("busy1"));
}

TEST_F(WorkerPoolTest, OneClassNeverTakesEveryThread) {
  std::latch held(2), go(1), admin_ran(1);
  WorkerPool pool(3, 1000);
  for (int i = 0; i < 20; ++i)
    pool.run({1, "agent" + std::to_string(i)}, [&, i](WorkerPool::Slot) {
      if (i < 2) held.count_down();
      go.wait();
    });
  held.wait();
  pool.run({0, "admin"}, [&](WorkerPool::Slot) { admin_ran.count_down(); });
  admin_ran.wait();  // hangs when the agents hold every thread
  go.count_down();
}

TEST_F(WorkerPoolTest, RestsComeBeforeWhatHasNotBegun) {
  std::latch held(1), go(1), done(1);
  WorkerPool pool(1, 1000);
  hold(pool, 0, held, go);
  held.wait();
  add(pool, {0, "x"}, "new");
  pool.run({0, "x"}, [&](WorkerPool::Slot) { done.count_down(); });
  pool.resume([this] { ran.push_back("rest"); });
  go.count_down();
  done.wait();
  EXPECT_THAT(ran, testing::ElementsAre("rest", "new"));
}

TEST_F(WorkerPoolTest, OfEachClassSoManyAreUnderWayAndTheOthersWait) {
  std::vector<WorkerPool::Slot> slots;
  std::latch full(WorkerPool::kMaxUnderWay), other_ran(1), next_ran(1);
  WorkerPool pool(2, 1000);
  for (int i = 0; i < WorkerPool::kMaxUnderWay; ++i)
    pool.run({1, "agent"}, [&](WorkerPool::Slot slot) {
      {
        const std::lock_guard lock(mutex);
        slots.push_back(std::move(slot));
      }
      full.count_down();
    });
  full.wait();
  pool.run({1, "agent"}, [&](WorkerPool::Slot) { next_ran.count_down(); });
  pool.run({0, "admin"}, [&](WorkerPool::Slot) { other_ran.count_down(); });
  other_ran.wait();
  EXPECT_FALSE(next_ran.try_wait());
  slots.pop_back();
  next_ran.wait();  // hangs when the end of a slot wakes nobody
  slots.clear();
}

TEST_F(WorkerPoolTest, QueuesAreBounded) {
  std::latch held(1), go(1);
  WorkerPool pool(1, 8);
  hold(pool, 9, held, go);
  held.wait();
  for (int i = 0; i < 4; ++i) EXPECT_EQ(add(pool, {0, "one"}, "x"), Admission::kAccepted);
  EXPECT_EQ(add(pool, {0, "one"}, "x"), Admission::kUserFull);
  for (int i = 0; i < 4; ++i) EXPECT_EQ(add(pool, {0, std::to_string(i)}, "x"), Admission::kAccepted);
  EXPECT_EQ(add(pool, {1, "two"}, "x"), Admission::kFull);
  go.count_down();
}

TEST_F(WorkerPoolTest, StopDropsWhatWaitsAndTakesNothingMore) {
  std::latch held(1), go(1);
  WorkerPool pool(1, 8);
  hold(pool, 0, held, go);
  held.wait();
  add(pool, {0, "x"}, "dropped");
  std::jthread stopper([&] { pool.stop(); });
  while (add(pool, {0, "y"}, "late") != Admission::kFull) std::this_thread::yield();
  go.count_down();
  stopper.join();
  EXPECT_THAT(ran, testing::IsEmpty());
}

}  // namespace
}  // namespace slipway::net
