#include "api/cluster/duration.h"

#include <gtest/gtest.h>

namespace slipway::api::cluster {
namespace {

using namespace std::chrono_literals;

TEST(Duration, IsReadAsGoReadsIt) {
  const std::pair<const char*, std::chrono::nanoseconds> table[] = {
      {"0", 0ns},        {"0s", 0ns},      {"300s", 300s},        {"5m0s", 300s},
      {"1h2m3s", 3723s}, {"1.5s", 1500ms}, {".5m", 30s},          {"2.h", 2h},
      {"-10s", -10s},    {"+10s", 10s},    {"100ms", 100ms},      {"3us", 3us},
      {"3\u00b5s", 3us}, {"7ns", 7ns},     {"0.000000001s", 1ns}, {"2562047h", 2562047h}};
  for (const auto& [text, wanted] : table) {
    const auto got = parse_duration(text);
    ASSERT_TRUE(got) << text;
    EXPECT_EQ(*got, wanted) << text;
  }
}

TEST(Duration, RefusesWhatGoRefuses) {
  for (const char* text : {"", "-", "5", "s", "1d", "1 s", "1s ", "--1s", "1..5s", ".s", "1h-1m", "2562048h",
                           "99999999999999999999999999999999999999999999s"})
    EXPECT_FALSE(parse_duration(text)) << text;
}

TEST(Duration, IsWrittenAsGoWritesIt) {
  EXPECT_EQ(format_duration(0s), "0s");
  EXPECT_EQ(format_duration(59s), "59s");
  EXPECT_EQ(format_duration(300s), "5m0s");
  EXPECT_EQ(format_duration(3600s), "1h0m0s");
  EXPECT_EQ(format_duration(90061s), "25h1m1s");
  EXPECT_EQ(format_duration(-61s), "-1m1s");
}

}  // namespace
}  // namespace slipway::api::cluster
