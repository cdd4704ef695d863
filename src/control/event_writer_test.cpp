#include "control/event_writer.h"

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "control/event_spam_filter.h"
#include "control/faulty_client_test.h"

namespace slipway::control {
namespace {

using std::chrono::seconds;

TEST(EventSpamFilter, ABurstThenOneInFiveMinutes) {
  EventSpamFilter filter;
  std::chrono::nanoseconds now = seconds(1000);
  const auto allowed = [&](const char* object, int tries) {
    int count = 0;
    for (int i = 0; i < tries; ++i) count += filter.allows(object, now) ? 1 : 0;
    return count;
  };
  EXPECT_EQ(allowed("a", 100), 25);
  EXPECT_EQ(allowed("b", 10), 10) << "each object has a budget of its own";
  now += seconds(299);
  EXPECT_EQ(allowed("a", 5), 0);
  now += seconds(2);
  EXPECT_EQ(allowed("a", 5), 1);
  now += seconds(300 * 7);
  EXPECT_EQ(allowed("a", 100), 7);
  now += std::chrono::hours(1000);
  EXPECT_EQ(allowed("a", 100), 25) << "what is not used does not pile up";
}

TEST(EventSpamFilter, MemoryIsBounded) {
  EventSpamFilter filter;
  const auto now = seconds(1000);
  for (int i = 0; i < 25; ++i) EXPECT_TRUE(filter.allows("first", now));
  EXPECT_FALSE(filter.allows("first", now));
  for (std::size_t i = 0; i + 1 < EventSpamFilter::kObjects; ++i) filter.allows(fmt::format("{}", i), now);
  EXPECT_FALSE(filter.allows("first", now)) << "still remembered";
  for (std::size_t i = 0; i < EventSpamFilter::kObjects; ++i) filter.allows(fmt::format("{}", i), now);
  EXPECT_TRUE(filter.allows("first", now)) << "forgotten, as the object that was asked for longest ago";
}

struct EventWriterTest : testing::Test {
  TestPlane plane;
  EventWriter writer{plane.client, plane.clock, "tester"};

  // Each on its own, so that equal ones are not merged while they wait.
  void say(const Json& about, int times, const std::string& prefix) {
    for (int i = 0; i < times; ++i) {
      writer.warning(about, "Failed", fmt::format("{} {}", prefix, i));
      ASSERT_TRUE(eventually([&] { return writer.is_idle(); }));
    }
  }
  std::size_t events() { return plane.local.list(kube::kEvent, {})->items.size(); }
};

TEST_F(EventWriterTest, ChatterAboutOneObjectIsCut) {
  const Json loud = *plane.create("loud"), quiet = *plane.create("quiet");
  writer.start();
  say(loud, 40, "first");
  EXPECT_EQ(events(), 25u);
  EXPECT_EQ(writer.dropped(), 15u);
  say(quiet, 1, "other");
  EXPECT_EQ(events(), 26u);
  plane.clock.advance(seconds(301));
  say(loud, 2, "second");
  EXPECT_EQ(events(), 27u);
}

TEST_F(EventWriterTest, RepeatsThatWaitCostNothing) {
  const Json object = *plane.create("a");
  for (int i = 0; i < 100; ++i) writer.normal(object, "Same", "the same");
  writer.start();
  ASSERT_TRUE(eventually([&] { return writer.is_idle(); }));
  ASSERT_EQ(events(), 1u);
  EXPECT_EQ((*plane.local.list(kube::kEvent, {})->items.front())["count"], Json(100));
  EXPECT_EQ(writer.dropped(), 0u);
}

}  // namespace
}  // namespace slipway::control
