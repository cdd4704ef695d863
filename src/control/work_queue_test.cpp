#include "control/work_queue.h"

#include <atomic>
#include <gtest/gtest.h>
#include <thread>
#include <vector>

namespace slipway::control {
namespace {

using std::chrono::milliseconds;

const meta::ObjectKey kA{"n", "a"};
const meta::ObjectKey kB{"n", "b"};

TEST(WorkQueue, AKeyIsInTheQueueOnce) {
  base::ManualClock clock;
  WorkQueue queue(clock, {});
  queue.add(kA);
  queue.add(kA);
  queue.add(kB);
  EXPECT_EQ(queue.ready(), 2u);
  EXPECT_EQ(queue.take(), kA);
  EXPECT_EQ(queue.take(), kB);
  EXPECT_EQ(queue.ready(), 0u);
  EXPECT_EQ(queue.busy(), 2u);
}

TEST(WorkQueue, AKeyAddedWhileBusyComesBackOnceAfterwards) {
  base::ManualClock clock;
  WorkQueue queue(clock, {});
  queue.add(kA);
  queue.take();
  queue.add(kA);
  queue.add(kA);
  EXPECT_EQ(queue.ready(), 0u);
  queue.finish(kA, {});
  EXPECT_EQ(queue.ready(), 1u);
  EXPECT_EQ(queue.take(), kA);
  queue.finish(kA, {});
  EXPECT_TRUE(queue.is_idle());
}

TEST(WorkQueue, DelaysFollowTheInjectedClock) {
  base::ManualClock clock;
  WorkQueue queue(clock, {});
  queue.add(kA);
  queue.take();
  queue.finish(kA, milliseconds(1000));
  EXPECT_EQ(queue.delayed(), 1u);
  EXPECT_TRUE(queue.is_idle());
  clock.advance(milliseconds(999));
  EXPECT_TRUE(queue.is_idle());
  clock.advance(milliseconds(1));
  EXPECT_FALSE(queue.is_idle());
  EXPECT_EQ(queue.take(), kA);
}

TEST(WorkQueue, TheNewestPassDecidesAboutTheDelay) {
  base::ManualClock clock;
  WorkQueue queue(clock, {});
  queue.add(kA);
  queue.take();
  queue.finish(kA, milliseconds(1000));
  queue.add(kA);
  EXPECT_EQ(queue.take(), kA);
  queue.finish(kA, {});
  EXPECT_EQ(queue.delayed(), 0u);
  clock.advance(milliseconds(5000));
  EXPECT_TRUE(queue.is_idle());
}

TEST(WorkQueue, FailuresBackOffPerKeyUntilOneSucceeds) {
  base::ManualClock clock;
  WorkQueue queue(clock, {.backoff_base = milliseconds(50), .backoff_limit = milliseconds(300)});
  for (const int expected : {50, 100, 200, 300, 300}) {
    queue.add(kA);
    ASSERT_EQ(queue.take(), kA);
    EXPECT_EQ(queue.fail(kA, false), milliseconds(expected));
  }
  queue.add(kA);
  queue.take();
  queue.finish(kA, {});
  queue.add(kA);
  queue.take();
  EXPECT_EQ(queue.fail(kA, false), milliseconds(50));
}

TEST(WorkQueue, AConflictComesBackAtOnceButNotForEver) {
  base::ManualClock clock;
  WorkQueue queue(clock, {});
  queue.add(kA);
  for (int i = 0; i < 5; ++i) {
    ASSERT_EQ(queue.take(), kA);
    EXPECT_EQ(queue.fail(kA, true), milliseconds(0));
  }
  ASSERT_EQ(queue.take(), kA);
  EXPECT_EQ(queue.fail(kA, true), milliseconds(50));
  EXPECT_EQ(queue.ready(), 0u);
}

TEST(WorkQueue, ShutDownWakesEveryWaiter) {
  base::ManualClock clock;
  WorkQueue queue(clock, {});
  std::atomic<int> ended{0};
  std::vector<std::jthread> workers;
  for (int i = 0; i < 4; ++i)
    workers.emplace_back([&] {
      while (const auto key = queue.take()) queue.finish(*key, milliseconds(10));
      ++ended;
    });
  queue.add(kA);
  queue.shut_down();
  workers.clear();
  EXPECT_EQ(ended, 4);
  queue.add(kB);
  EXPECT_EQ(queue.ready(), 0u);
}

TEST(WorkQueue, NoKeyIsInTwoWorkersAndNoAddIsLost) {
  base::SystemClock& clock = base::SystemClock::instance();
  WorkQueue queue(clock, {});
  constexpr int kKeys = 5;
  constexpr int kAdds = 2000;
  std::array<std::atomic<int>, kKeys> in_flight{};
  std::array<std::atomic<int>, kKeys> wanted{};
  std::array<std::atomic<int>, kKeys> seen{};
  std::atomic<bool> overlapped{false};
  std::vector<std::jthread> workers;
  for (int i = 0; i < 4; ++i)
    workers.emplace_back([&] {
      while (const auto key = queue.take()) {
        const auto index = static_cast<std::size_t>(key->name[0] - '0');
        if (++in_flight[index] > 1) overlapped = true;
        seen[index] = wanted[index].load();
        --in_flight[index];
        queue.finish(*key, {});
      }
    });
  {
    std::vector<std::jthread> producers;
    for (int p = 0; p < 2; ++p)
      producers.emplace_back([&] {
        for (int i = 0; i < kAdds; ++i) {
          const int index = i % kKeys;
          ++wanted[static_cast<std::size_t>(index)];
          queue.add({"n", std::to_string(index)});
        }
      });
  }
  while (!queue.is_idle()) std::this_thread::yield();
  queue.shut_down();
  workers.clear();
  EXPECT_FALSE(overlapped);
  for (std::size_t i = 0; i < kKeys; ++i) EXPECT_EQ(seen[i], wanted[i]) << i;
}

}  // namespace
}  // namespace slipway::control
