// kill -9 at every named point of creation and deletion, in slipwayd, in the agent and in both: always one healthy
// cluster or one clean host, and nothing done twice.

#include <algorithm>
#include <gtest/gtest.h>
#include <iostream>
#include <signal.h>

#include "data/json_text.h"
#include "meta/conditions.h"
#include "real/harness.h"

namespace slipway::real {
namespace {

using data::Json;

enum class Who { kOrchestrator, kAgent };
enum class When { kCreate, kDelete };
struct Point {
  const char* name;
  Who who;
  When when;
};

// base/crash_point.h names, in the order in which a cluster passes them.
constexpr Point kPoints[] = {
#include "real/crash_points.inc"
};

class Kill : public testing::Test {
 protected:
  void SetUp() override {
    if (const auto missing = missing_parts()) GTEST_SKIP() << *missing;
    use_programs_with_crash_points();
    if (!std::filesystem::exists(program("slipway-agent")))
      GTEST_SKIP() << program("slipway-agent") << " is not built (make test builds it)";
    folder_ = std::make_unique<base::TemporaryFolder>(*base::TemporaryFolder::create("slipway-kill"));
    auto orchestrator = Orchestrator::start(folder_->path());
    ASSERT_TRUE(orchestrator) << orchestrator.error().message();
    orchestrator_ = std::move(*orchestrator);
    auto host = EdgeHost::up(folder_->path(), *orchestrator_,
                             {.name = "edge-k", .serial = "KILL-1", .uuid = "6f1b2c3d-0000-4000-8000-00000000000a"});
    ASSERT_TRUE(host) << host.error().message();
    host_ = std::move(*host);
    const auto joined = onboard(*orchestrator_, *host_);
    ASSERT_TRUE(joined) << joined.error().message();
    clean_ = *host_->snapshot();
  }
  void TearDown() override { use_release_programs(); }

  std::size_t count(const std::string& type) {
    const auto list = orchestrator_->kubectl({"get", type, "-n", "default", "-o", "json"});
    const auto parsed = list ? data::parse_json(list->standard_output) : base::Result<Json>(list.error());
    return parsed ? (*parsed)["items"].size() : 999;
  }

  // Starts the process so that it dies at the point by itself; revive() starts it again without it.
  void arm(const Point& point) {
    const std::map<std::string, std::string> environment{{"SLIPWAY_CRASH_POINT", point.name}};
    if (point.who == Who::kOrchestrator) {
      ASSERT_TRUE(orchestrator_->restart(environment));
    } else {
      host_->kill_agent();
      ASSERT_TRUE(host_->start_agent("", environment));
    }
  }
  bool died(const Point& point) {
    return point.who == Who::kOrchestrator ? !orchestrator_->process().running() : !host_->agent_running();
  }
  void revive(const Point& point) {
    if (point.who == Who::kOrchestrator) {
      ASSERT_TRUE(orchestrator_->restart());
    } else {
      ASSERT_TRUE(host_->start_agent());
    }
  }
  // Each armed process must die at its point, in whatever order; it is started again at once.
  void expect_deaths(std::vector<const Point*> armed) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (!armed.empty()) {
      ASSERT_LT(std::chrono::steady_clock::now(), deadline)
          << "never reached: " << armed.front()->name << host_->agent_log();
      for (std::size_t i = 0; i < armed.size(); ++i) {
        if (!died(*armed[i])) continue;
        ASSERT_NO_FATAL_FAILURE(revive(*armed[i]));
        armed.erase(armed.begin() + static_cast<std::ptrdiff_t>(i));
        break;
      }
      eventually(milliseconds(20), [] { return false; });
    }
  }
  static std::vector<const Point*> points(Who who, When when) {
    std::vector<const Point*> chosen;
    for (const Point& point : kPoints)
      if (point.who == who && point.when == when) chosen.push_back(&point);
    return chosen;
  }

  bool cluster_available() {
    return meta::is_condition_true(orchestrator_->get("clusters.cluster.x-k8s.io", "site"), "Available");
  }
  bool cluster_gone() { return orchestrator_->get("clusters.cluster.x-k8s.io", "site").is_null(); }
  bool host_free() {
    const Json host = orchestrator_->get("hosts.inventory.slipway.dev", "edge-k");
    return host.text({"status", "phase"}) == "Provisioned" && meta::is_condition_true(host, "Clean");
  }

  // The command itself may be interrupted by the death of slipwayd; then it is repeated, as a person would.
  void create() {
    ASSERT_TRUE(eventually(
        milliseconds(30'000),
        [&] {
          (void)orchestrator_->slipway({"cluster", "create", "site", "--host", "edge-k", "--no-wait"});
          return !orchestrator_->process().running() ||
                 !orchestrator_->get("clusters.cluster.x-k8s.io", "site").is_null();
        },
        milliseconds(300)));
  }
  void expect_one_healthy_cluster(const char* point) {
    ASSERT_TRUE(eventually(
        milliseconds(90'000), [&] { return cluster_available(); }, milliseconds(200)))
        << point << "\n"
        << data::to_json(orchestrator_->get("clusters.cluster.x-k8s.io", "site")["status"], 2) << host_->agent_log();
    EXPECT_EQ(count("machines.cluster.x-k8s.io"), 1u) << point;
    EXPECT_EQ(count("intelmachines.infrastructure.cluster.x-k8s.io"), 1u) << point;
    EXPECT_EQ(count("kthreesconfigs.bootstrap.cluster.x-k8s.io"), 1u) << point;
    EXPECT_EQ(count("kthreescontrolplanes.controlplane.cluster.x-k8s.io"), 1u) << point;
    EXPECT_EQ(count("intelclusters.infrastructure.cluster.x-k8s.io"), 1u) << point;
  }
  void expect_clean_host(const char* point) {
    ASSERT_TRUE(eventually(
        milliseconds(90'000), [&] { return cluster_gone() && host_free(); }, milliseconds(200)))
        << point << "\n"
        << data::to_json(orchestrator_->get("hosts.inventory.slipway.dev", "edge-k"), 2) << host_->agent_log();
    EXPECT_EQ(snapshot_difference(clean_, *host_->snapshot()), "") << point;
    EXPECT_EQ(count("intelmachines.infrastructure.cluster.x-k8s.io"), 0u) << point;
  }

  std::unique_ptr<base::TemporaryFolder> folder_;
  std::unique_ptr<Orchestrator> orchestrator_;
  std::unique_ptr<EdgeHost> host_;
  std::string clean_;
};

// Every round creates one cluster and deletes it; in each half at most one point of slipwayd and one of the agent is
// armed.
TEST_F(Kill, AtEveryNamedPointOfCreationAndDeletion) {
  const auto creating = points(Who::kOrchestrator, When::kCreate), creating_agent = points(Who::kAgent, When::kCreate);
  const auto deleting = points(Who::kOrchestrator, When::kDelete), deleting_agent = points(Who::kAgent, When::kDelete);
  const std::size_t rounds = std::max({creating.size(), creating_agent.size(), deleting.size(), deleting_agent.size()});
  const auto armed_in = [](std::size_t round, const auto& first, const auto& second) {
    std::vector<const Point*> armed;
    if (round < first.size()) armed.push_back(first[round]);
    if (round < second.size()) armed.push_back(second[round]);
    return armed;
  };
  for (std::size_t round = 0; round < rounds; ++round) {
    const auto at_creation = armed_in(round, creating, creating_agent),
               at_deletion = armed_in(round, deleting, deleting_agent);
    std::string names;
    for (const auto& armed : {at_creation, at_deletion})
      for (const Point* point : armed) names += std::string(names.empty() ? "" : ", ") + point->name;
    SCOPED_TRACE(names);
    std::cout << "  killed at: " << names << std::endl;
    for (const Point* point : at_creation) ASSERT_NO_FATAL_FAILURE(arm(*point));
    ASSERT_NO_FATAL_FAILURE(create());
    ASSERT_NO_FATAL_FAILURE(expect_deaths(at_creation));
    ASSERT_NO_FATAL_FAILURE(create());
    ASSERT_NO_FATAL_FAILURE(expect_one_healthy_cluster(names.c_str()));
    for (const Point* point : at_deletion) ASSERT_NO_FATAL_FAILURE(arm(*point));
    (void)orchestrator_->slipway({"cluster", "delete", "site", "--yes", "--no-wait"});
    ASSERT_NO_FATAL_FAILURE(expect_deaths(at_deletion));
    ASSERT_NO_FATAL_FAILURE(expect_clean_host(names.c_str()));
  }
}

TEST_F(Kill, BothAtOnceWhileCreatingAndWhileDeleting) {
  for (const int delay : {200, 1500, 4000}) {
    SCOPED_TRACE(delay);
    ASSERT_NO_FATAL_FAILURE(create());
    eventually(milliseconds(delay), [] { return false; });  // the kill must not depend on what the processes say
    orchestrator_->kill_hard();
    host_->kill_agent();
    ASSERT_TRUE(orchestrator_->restart());
    ASSERT_TRUE(host_->start_agent());
    ASSERT_NO_FATAL_FAILURE(expect_one_healthy_cluster("both"));
    (void)orchestrator_->slipway({"cluster", "delete", "site", "--yes", "--no-wait"});
    eventually(milliseconds(delay / 2), [] { return false; });
    orchestrator_->kill_hard();
    host_->kill_agent();
    ASSERT_TRUE(orchestrator_->restart());
    ASSERT_TRUE(host_->start_agent());
    ASSERT_NO_FATAL_FAILURE(expect_clean_host("both"));
  }
}

}  // namespace
}  // namespace slipway::real
