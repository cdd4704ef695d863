#include <gtest/gtest.h>

#include "data/encoding.h"
#include "data/json_text.h"
#include "meta/conditions.h"
#include "southbound/desired_work.h"
#include "southbound/enrollment.h"
#include "southbound/host_report.h"

namespace slipway::southbound {
namespace {

using agentproto::Action;
using agentproto::WorkPhase;

Json json(std::string_view text) {
  return *data::parse_json(text);
}

TEST(DesiredWork, FollowsFromTheResources) {
  const std::string secret = R"({"data":{"value":")" + data::base64_encode("#cloud-config\n") + R"("}})";
  const std::string claimed =
      R"({"metadata":{"name":"h"},"spec":{"consumerRef":{"kind":"IntelMachine","name":"m"}},"status":{"assignment":{"id":"old"}}})";
  const std::string machine = R"({"metadata":{"name":"m","uid":"u1"},"spec":{"providerID":"slipway://n/h"}})";
  const std::string deleting =
      R"({"metadata":{"name":"m","uid":"u1","deletionTimestamp":"2026-01-01T00:00:00Z"},"spec":{"providerID":"slipway://n/h"}})";
  struct Row {
    std::string host, machine, secret;
    std::string_view policy;
    Action action;
    std::string id;
  };
  for (const Row& row : {
           Row{claimed, machine, secret, "", Action::kBootstrap, "u1"},
           Row{claimed, machine, "null", "", Action::kNone, ""},
           Row{claimed, R"({"metadata":{"uid":"u1"},"spec":{}})", secret, "", Action::kNone, ""},
           Row{claimed, "null", secret, "", Action::kNone, ""},
           Row{claimed, deleting, secret, "", Action::kReset, "u1"},
           Row{claimed, deleting, secret, "deauthorize", Action::kReset, "u1"},
           Row{claimed, deleting, secret, "keep", Action::kNone, ""},
           Row{R"({"spec":{},"status":{"assignment":{"id":"old"}}})", "null", "null", "", Action::kReset, "old"},
           Row{R"({"spec":{}})", "null", "null", "", Action::kReset, ""},
           Row{R"({"spec":{"authorized":false}})", "null", "null", "", Action::kNone, ""},
           Row{R"({"metadata":{"annotations":{"slipway.dev/kept-cluster":"c"}},"spec":{}})", "null", "null", "",
               Action::kNone, ""},
       }) {
    const Json host = json(row.host), intel_machine = json(row.machine), bootstrap = json(row.secret);
    const auto work = desired_work(
        {.host = host, .intel_machine = intel_machine, .bootstrap_secret = bootstrap, .delete_policy = row.policy});
    EXPECT_EQ(work.action, row.action) << row.host << row.machine;
    EXPECT_EQ(work.id, row.id);
    EXPECT_EQ(work.cloud_config.empty(), row.action != Action::kBootstrap);
  }
}

TEST(HostReport, IsWrittenOnceAndBounded) {
  const base::WallTime now{std::chrono::seconds(1000)};
  HostReport report{
      .connected = true,
      .hello = agentproto::Hello{.agent_version = "1", .os = {.name = "EMT"}, .work = {.phase = WorkPhase::kClean}}};
  const Json first = with_report(json(R"({"metadata":{"name":"h"}})"), report, now);
  EXPECT_TRUE(meta::is_condition_true(first, "Connected"));
  EXPECT_TRUE(meta::is_condition_true(first, "Clean"));
  EXPECT_EQ(with_report(first, report, now + std::chrono::seconds(29)), first) << "an idle host must cause no writes";
  report.hello->work = {.id = "u1",
                        .phase = WorkPhase::kFailed,
                        .step = std::string(1000, 's'),
                        .message = "failed",
                        .output = std::string(20'000, 'x')};
  const Json failed = with_report(first, report, now);
  EXPECT_LE(failed.text({"status", "assignment", "message"}).size(), 8192u);
  EXPECT_LE(failed.text({"status", "assignment", "step"}).size(), 256u);
  EXPECT_TRUE(meta::is_condition_false(failed, "Clean"));
  const Json gone = with_report(failed, {}, now);
  EXPECT_TRUE(meta::is_condition_false(gone, "Connected"));
  EXPECT_EQ(gone.text({"status", "assignment", "phase"}), "Failed") << "what was reported stays";
}

TEST(HostReport, PendingIsWrittenBeforeTheFirstSendOnly) {
  const agentproto::Assignment assignment{.id = "u1", .action = Action::kBootstrap};
  const Json pending = with_pending_assignment(json(R"({"spec":{"consumerRef":{"name":"m"}}})"), assignment, {});
  EXPECT_EQ(pending.text({"status", "assignment", "phase"}), "Pending");
  EXPECT_TRUE(meta::is_condition_false(pending, "Clean"));
  const Json running = json(R"({"status":{"assignment":{"id":"u1","phase":"Running"}}})");
  EXPECT_EQ(with_pending_assignment(running, assignment, {}), running);
}

TEST(Enrollment, CommonNames) {
  EXPECT_EQ(parse_host_common_name(host_common_name({"default", "edge-1"})), (meta::ObjectKey{"default", "edge-1"}));
  for (const std::string_view bad : {"", "host:", "host:a", "host::b", "host:a:", "admin"})
    EXPECT_FALSE(parse_host_common_name(bad)) << bad;
}

TEST(Enrollment, FailuresOfOneAddressAreLimited) {
  base::ManualClock clock;
  FailureLimiter limiter(clock, 3);
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(limiter.allows("a"));
    limiter.count_failure("a");
  }
  EXPECT_FALSE(limiter.allows("a"));
  EXPECT_TRUE(limiter.allows("b"));
  clock.advance(std::chrono::seconds(61));
  EXPECT_TRUE(limiter.allows("a"));
}

}  // namespace
}  // namespace slipway::southbound
