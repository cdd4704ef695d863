#include "daemon/connection_limits.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

namespace slipway::daemon {
namespace {

TEST(ConnectionLimits, StayBelowTheLimitOfOpenFiles) {
  struct Row {
    std::size_t max_open_files;
    bool api_only;
    ConnectionLimits expected;
  };
  for (const Row& row : {Row{1'048'576, false, {20'000, 20'000, 5'000}}, Row{1'048'576, true, {20'000, 0, 0}},
                         Row{20'000, true, {19'744, 0, 0}}, Row{20'000, false, {8'884, 6'910, 1'974}},
                         Row{1'024, false, {345, 268, 76}}, Row{96, true, {64, 0, 0}}}) {
    const ConnectionLimits limits = connection_limits(row.max_open_files, row.api_only);
    EXPECT_EQ(limits, row.expected) << row.max_open_files << ": " << limits.api << " " << limits.agents << " "
                                    << limits.gateway;
    EXPECT_LT(limits.api + limits.agents + limits.gateway, row.max_open_files);
  }
}

TEST(ConnectionLimits, TheSoftLimitOfOpenFilesIsRaised) {
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit lower{.rlim_cur = std::min<rlim_t>(512, before.rlim_max), .rlim_max = before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &lower), 0);
  EXPECT_EQ(raise_open_file_limit(), std::min<rlim_t>(before.rlim_max, 1u << 30));
  rlimit after{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &after), 0);
  EXPECT_EQ(after.rlim_cur, before.rlim_max);
}

}  // namespace
}  // namespace slipway::daemon
