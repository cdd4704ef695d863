// From click to Ready beside a bare start of the same K3s on the same host, deletion, memory and idle CPU.
//   slipway_cluster_bench [RUNS]   (default 5; root; programs in build/bin)

#include <chrono>
#include <cstdlib>
#include <fmt/core.h>
#include <sstream>

#include "base/figures.h"
#include "data/json_text.h"
#include "meta/conditions.h"
#include "real/harness.h"

namespace slipway::real {
namespace {

using base::Result;
using base::Status;
using Seconds = std::chrono::duration<double>;

double now_seconds() {
  return Seconds(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// VmRSS of a process in MiB.
double resident_mebibytes(const std::string& status_text) {
  const auto at = status_text.find("VmRSS:");
  return at == std::string::npos ? 0 : std::atof(status_text.c_str() + at + 6) / 1024;
}

// utime + stime of /proc/PID/stat in seconds.
double cpu_seconds(const std::string& stat_text) {
  std::istringstream words(stat_text.substr(stat_text.rfind(')') + 2));
  std::string word;
  double ticks = 0;
  for (int field = 3; words >> word && field <= 15; ++field)
    if (field >= 14) ticks += std::atof(word.c_str());
  return ticks / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

struct Usage {
  double memory = 0, cpu_percent = 0;
};

// Memory now, and CPU over `window` of doing nothing.
Usage idle_usage(const std::function<std::string(const char*)>& read_proc, Seconds window) {
  const double before = cpu_seconds(read_proc("stat"));
  eventually(std::chrono::duration_cast<milliseconds>(window), [] { return false; }, milliseconds(500));
  return {.memory = resident_mebibytes(read_proc("status")),
          .cpu_percent = (cpu_seconds(read_proc("stat")) - before) / window.count() * 100};
}

class Bench {
 public:
  explicit Bench(int runs) : runs_(runs), folder_(*base::TemporaryFolder::create("slipway-bench")) {}

  Status run() {
    orchestrator_ = SLIPWAY_TRY(Orchestrator::start(folder_.path()));
    host_ = SLIPWAY_TRY(EdgeHost::up(folder_.path(), *orchestrator_, {.name = "edge-bench", .serial = "BENCH-1"}));
    SLIPWAY_TRY(bare_starts());
    SLIPWAY_TRY(onboard(*orchestrator_, *host_));
    const Usage idle_agent = agent_usage();
    for (int i = 0; i < runs_; ++i) SLIPWAY_TRY(one_cluster(i));
    const Usage orchestrator = idle_usage(
        [this](const char* file) {
          return base::read_file(fmt::format("/proc/{}/{}", orchestrator_->process().pid(), file)).value_or("");
        },
        Seconds(10));
    const Usage agent = agent_usage();
    const double bare = base::median(bare_), click = base::median(click_), node = base::median(node_ready_);
    const std::string kubernetes = kubernetes_under_test();
    const std::vector<base::Figure> figures{
        {.name = "click to node Ready",
         .value = node,
         .unit = "s",
         .rival = bare,
         .rival_name = "bare start of " + kubernetes},
        {.name = "click to command returned",
         .value = click,
         .unit = "s",
         .rival = bare,
         .rival_name = "bare start of " + kubernetes},
        {.name = "overhead over the bare start", .value = node - bare, .unit = "s", .target = 1.5},
        {.name = "delete: access revoked", .value = base::median(revoked_), .unit = "s", .target = 2},
        {.name = "delete: host clean", .value = base::median(clean_), .unit = "s", .target = 30},
        {.name = "slipwayd resident, after the runs", .value = orchestrator.memory, .unit = "MiB"},
        {.name = "slipwayd idle CPU", .value = orchestrator.cpu_percent, .unit = "%"},
        {.name = "slipway-agent resident, onboarded",
         .value = idle_agent.memory,
         .unit = "MiB",
         .rival = 22.5,
         .rival_name = "upstream Go cluster-agent",
         .target = 10},
        {.name = "slipway-agent resident, after the runs",
         .value = agent.memory,
         .unit = "MiB",
         .rival = 22.5,
         .rival_name = "upstream Go cluster-agent",
         .target = 10},
        {.name = "slipway-agent idle CPU", .value = agent.cpu_percent, .unit = "%"},
    };
    fmt::print("{}", base::figures_table(
                         fmt::format("cluster life on one host, {}, medians of {} runs", kubernetes, runs_), figures));
    return base::write_figures(source_folder() / "build/figures", "cluster", figures);
  }

 private:
  Status bare_starts() {
    const auto result =
        SLIPWAY_TRY(base::run_process({.argv = {(source_folder() / "tests/real/edge-host").string(), "bare-start",
                                                "edge-bench", "--runs", std::to_string(runs_)},
                                       .timeout = milliseconds(60'000 * runs_)}));
    if (result.exit_code != 0) return Status(base::ErrorCode::kInternal, "bare-start: " + result.standard_error);
    for (std::size_t at = 0; (at = result.standard_output.find("ready=", at)) != std::string::npos; ++at)
      bare_.push_back(std::atof(result.standard_output.c_str() + at + 6));
    fmt::print("{}", result.standard_output);
    return {};
  }

  Usage agent_usage() {
    const std::string pid = fmt::format("{}", host_->agent_pid());
    return idle_usage(
        [&](const char* file) { return base::read_file(fmt::format("/proc/{}/{}", pid, file)).value_or(""); },
        Seconds(10));
  }

  Status one_cluster(int number) {
    const std::string name = fmt::format("bench-{}", number);
    const double start = now_seconds();
    const auto created =
        SLIPWAY_TRY(orchestrator_->slipway({"cluster", "create", name, "--host", "edge-bench", "--timeout", "120s"}));
    if (created.exit_code != 0)
      return Status(base::ErrorCode::kInternal, created.standard_output + created.standard_error + host_->agent_log());
    click_.push_back(now_seconds() - start);
    const auto timeline = SLIPWAY_TRY(orchestrator_->slipway({"-o", "json", "cluster", "timeline", name}));
    const data::Json steps = SLIPWAY_TRY(data::parse_json(timeline.standard_output));
    for (const data::Json& step : steps["steps"].items())
      if (step.text({"step"}) == "nodeReady") node_ready_.push_back(step["sinceStartSeconds"].number_or(0));
    fmt::print("run={} click={:.2f} {}\n", number + 1, click_.back(), data::to_json(steps["steps"]));

    const auto kubeconfig = (folder_.path() / "kubeconfig").string();
    SLIPWAY_TRY(orchestrator_->slipway({"cluster", "kubeconfig", name, "-f", kubeconfig}));
    const double deleted = now_seconds();
    SLIPWAY_TRY(orchestrator_->slipway({"cluster", "delete", name, "--yes", "--no-wait"}));
    const bool revoked = eventually(
        milliseconds(30'000),
        [&] {
          const auto call =
              base::run_process({.argv = {(source_folder() / "build/real/bin/kubectl").string(), "--kubeconfig",
                                          kubeconfig, "get", "--raw", "/readyz", "--request-timeout=1s"}});
          return call && call->exit_code != 0;
        },
        milliseconds(20));
    revoked_.push_back(now_seconds() - deleted);
    const bool clean = eventually(
        milliseconds(60'000),
        [&] {
          const data::Json host = orchestrator_->get("hosts.inventory.slipway.dev", "edge-bench");
          return host.text({"status", "phase"}) == "Provisioned" && meta::is_condition_true(host, "Clean");
        },
        milliseconds(50));
    clean_.push_back(now_seconds() - deleted);
    if (!revoked || !clean)
      return Status(base::ErrorCode::kTimeout, "the cluster was not deleted in time\n" + host_->agent_log());
    return {};
  }

  int runs_;
  base::TemporaryFolder folder_;
  std::unique_ptr<Orchestrator> orchestrator_;
  std::unique_ptr<EdgeHost> host_;
  std::vector<double> bare_, click_, node_ready_, revoked_, clean_;
};

}  // namespace
}  // namespace slipway::real

int main(int argc, char** argv) {
  if (const auto missing = slipway::real::missing_parts()) {
    fmt::print(stderr, "slipway_cluster_bench: {}\n", *missing);
    return 1;
  }
  const auto done = slipway::real::Bench(argc > 1 ? std::atoi(argv[1]) : 5).run();
  if (!done) fmt::print(stderr, "slipway_cluster_bench: {}\n", done.error().message());
  return done ? 0 : 1;
}
