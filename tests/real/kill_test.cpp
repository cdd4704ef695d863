// kill -9 at every named point of creation and deletion, in slipwayd, in the agent and in both: always one healthy
// cluster or one clean host, and nothing done twice.

#include <gtest/gtest.h>
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

  // The process dies at the point by itself; then it is started again without it.
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

  bool cluster_available() {
    return meta::is_condition_true(orchestrator_->get("clusters.cluster.x-k8s.io", "site"), "Available");
  }
  bool cluster_gone() { return orchestrator_->get("clusters.cluster.x-k8s.io", "site").is_null(); }
  bool host_free() {
    const Json host = orchestrator_->get("hosts.inventory.slipway.dev", "edge-k");
    return host.text({"status", "phase"}) == "Provisioned" && meta::is_condition_true(host, "Clean");
  }

  void create() {
    const auto created = orchestrator_->slipway({"cluster", "create", "site", "--host", "edge-k", "--no-wait"});
    ASSERT_TRUE(created && created->exit_code == 0) << created->standard_error;
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

TEST_F(Kill, AtEveryNamedPointOfCreationAndDeletion) {
  for (const Point& point : kPoints) {
    SCOPED_TRACE(point.name);
    if (point.when == When::kCreate) ASSERT_NO_FATAL_FAILURE(arm(point));
    ASSERT_NO_FATAL_FAILURE(create());
    if (point.when == When::kCreate) {
      ASSERT_TRUE(eventually(milliseconds(60'000), [&] { return died(point); })) << "never reached";
      ASSERT_NO_FATAL_FAILURE(revive(point));
    }
    ASSERT_NO_FATAL_FAILURE(expect_one_healthy_cluster(point.name));
    if (point.when == When::kDelete) ASSERT_NO_FATAL_FAILURE(arm(point));
    (void)orchestrator_->slipway({"cluster", "delete", "site", "--yes", "--no-wait"});
    if (point.when == When::kDelete) {
      ASSERT_TRUE(eventually(milliseconds(60'000), [&] { return died(point); })) << "never reached";
      ASSERT_NO_FATAL_FAILURE(revive(point));
    }
    ASSERT_NO_FATAL_FAILURE(expect_clean_host(point.name));
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
