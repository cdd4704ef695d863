#include "api/cluster/timeline.h"

#include <gtest/gtest.h>

namespace slipway::api::cluster {
namespace {

using data::Json;
using namespace std::chrono_literals;

constexpr base::WallTime kStart{std::chrono::seconds(1'700'000'000)};

TEST(Timeline, KeepsTheFirstTimeOfEachStepInOrder) {
  Json cluster = Json::object();
  EXPECT_TRUE(read_timeline(cluster).empty());
  EXPECT_TRUE(add_timeline_step(cluster, "hostBound", kStart + 2s));
  EXPECT_TRUE(add_timeline_step(cluster, "rendered", kStart + 1500ms));
  EXPECT_FALSE(add_timeline_step(cluster, "hostBound", kStart + 9s));
  cluster.at("metadata").set("creationTimestamp", base::format_rfc3339(kStart));
  const auto steps = read_timeline(cluster);
  ASSERT_EQ(steps.size(), 3u);
  EXPECT_EQ(steps[0].name, "created");
  EXPECT_EQ(steps[1].name, "rendered");
  EXPECT_EQ(steps[1].time, kStart + 1500ms);
  EXPECT_EQ(steps[2].time, kStart + 2s);
}

TEST(Timeline, ARecordedCreationReplacesTheTimestampOfTheObject) {
  Json cluster = Json::object();
  cluster.at("metadata").set("creationTimestamp", base::format_rfc3339(kStart));
  add_timeline_step(cluster, "created", kStart + 250ms);
  const auto steps = read_timeline(cluster);
  ASSERT_EQ(steps.size(), 1u);
  EXPECT_EQ(steps[0].time, kStart + 250ms);
}

TEST(Timeline, LeavesOutWhatItCannotRead) {
  Json cluster = Json::object();
  cluster.at({"metadata", "annotations"}).set("timeline.slipway.dev/odd", "yesterday");
  EXPECT_TRUE(read_timeline(cluster).empty());
}

}  // namespace
}  // namespace slipway::api::cluster
