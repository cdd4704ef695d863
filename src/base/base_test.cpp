#include <csignal>
#include <gtest/gtest.h>

#include "base/clock.h"
#include "base/files.h"
#include "base/random.h"
#include "base/subprocess.h"

namespace slipway::base {
namespace {

Result<int> parse_positive(int value) {
  if (value <= 0) return fail(ErrorCode::kInvalid, "must be positive");
  return value;
}

Result<int> doubled(int value) {
  const int checked = SLIPWAY_TRY(parse_positive(value).with_context("spec.replicas"));
  return checked * 2;
}

TEST(Result, TryPropagatesTheErrorWithContext) {
  EXPECT_EQ(*doubled(2), 4);
  const auto failed = doubled(0);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code(), ErrorCode::kInvalid);
  EXPECT_EQ(failed.error().message(), "spec.replicas: must be positive");
}

TEST(Clock, Rfc3339RoundTrip) {
  struct Row {
    std::string_view text, canonical;
  };
  for (const Row row :
       {Row{"2026-01-02T03:04:05Z", "2026-01-02T03:04:05Z"}, Row{"2026-01-02T03:04:05.25Z", "2026-01-02T03:04:05Z"},
        Row{"2026-01-02T03:04:05+01:30", "2026-01-02T01:34:05Z"}}) {
    const auto parsed = parse_rfc3339(row.text);
    ASSERT_TRUE(parsed) << row.text;
    EXPECT_EQ(format_rfc3339(*parsed), row.canonical);
  }
  EXPECT_EQ(format_rfc3339_micro(*parse_rfc3339("2026-01-02T03:04:05.25Z")), "2026-01-02T03:04:05.250000Z");
  for (const std::string_view bad :
       {"", "yesterday", "2026-13-02T03:04:05Z", "2026-01-02 03:04:05", "2026-01-02T03:04:05.Z"})
    EXPECT_FALSE(parse_rfc3339(bad)) << bad;
}

TEST(Random, NamesAndUuids) {
  Random& random = SystemRandom::instance();
  EXPECT_EQ(random.hex(8).size(), 16u);
  EXPECT_EQ(random.name_suffix().size(), 5u);
  EXPECT_EQ(random.uuid().size(), 36u);
  EXPECT_EQ(random.uuid()[14], '4');
  EXPECT_NE(random.uuid(), random.uuid());
}

TEST(Files, AtomicWriteReplacesAndLeavesNothingBehind) {
  auto folder = TemporaryFolder::create();
  ASSERT_TRUE(folder);
  const auto path = folder->path() / "a";
  ASSERT_TRUE(write_file_atomically(path, "one", 0600));
  ASSERT_TRUE(write_file_atomically(path, "two", 0644));
  EXPECT_EQ(*read_file(path), "two");
  EXPECT_EQ(read_file(path, 2).error().code(), ErrorCode::kTooLarge);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder->path()), {}), 1);
  EXPECT_EQ(read_file(folder->path() / "none").error().code(), ErrorCode::kNotFound);
  EXPECT_EQ(write_file_atomically(folder->path() / "no/such", "x", 0600).error().code(), ErrorCode::kNotFound);
}

TEST(Subprocess, CapturesOutputInputAndExitCode) {
  const auto result = run_process({.argv = {"sh", "-c", "cat; echo oops >&2; exit 3"}, .input = "hello"});
  ASSERT_TRUE(result);
  EXPECT_EQ(result->exit_code, 3);
  EXPECT_EQ(result->standard_output, "hello");
  EXPECT_EQ(result->standard_error, "oops\n");
}

TEST(Subprocess, EndsAHangingGroupAtItsTimeLimit) {
  const auto result =
      run_process({.argv = {"sh", "-c", "sleep 1000 & sleep 1000"}, .timeout = std::chrono::milliseconds(50)});
  ASSERT_TRUE(result);
  EXPECT_TRUE(result->timed_out);
  EXPECT_EQ(result->exit_code, 128 + SIGTERM);
}

TEST(Subprocess, BoundsAFlood) {
  const auto result = run_process({.argv = {"sh", "-c", "head -c 3000000 /dev/zero"}, .output_limit = 1000});
  ASSERT_TRUE(result);
  EXPECT_EQ(result->standard_output.size(), 1000u);
  EXPECT_TRUE(result->output_truncated);
  EXPECT_EQ(result->exit_code, 0);
}

TEST(Subprocess, DoesNotWaitForADaemonThatKeepsThePipe) {
  const auto start = std::chrono::steady_clock::now();
  const auto result = run_process({.argv = {"sh", "-c", "sleep 5 & echo done"}});
  ASSERT_TRUE(result);
  EXPECT_EQ(result->standard_output, "done\n");
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(4));
}

TEST(Subprocess, NamesAMissingProgram) {
  const auto result = run_process({.argv = {"no-such-program-here"}});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code(), ErrorCode::kNotFound);
  EXPECT_NE(result.error().message().find("no-such-program-here"), std::string::npos);
}

}  // namespace
}  // namespace slipway::base
