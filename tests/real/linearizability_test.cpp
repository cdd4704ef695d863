// Concurrent clients and watchers against slipwayd while it is killed and restarted: tests/real/linearizability records
// what they saw and looks for an order that explains it.

#include <cstdlib>
#include <gtest/gtest.h>
#include <iostream>
#include <random>
#include <signal.h>
#include <thread>

#include "data/json_text.h"
#include "real/harness.h"

namespace slipway::real {
namespace {

using data::Json;

// Seconds per history; SLIPWAY_LINEARIZABILITY_SECONDS and _ROUNDS make the long form.
int setting(const char* name, int otherwise) {
  const char* wanted = std::getenv(name);
  return wanted != nullptr ? std::atoi(wanted) : otherwise;
}

class Linearizability : public testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(program("slipwayd")))
      GTEST_SKIP() << "build/bin/slipwayd is not there; run make build";
    const auto built = base::run_process(
        {.argv = {"go", "-C", folder_of_checker(), "build", "-o", checker_, "."}, .timeout = std::chrono::minutes(5)});
    if (!built || built->exit_code != 0) GTEST_SKIP() << "tests/real/linearizability cannot be built; is Go there?";
    const auto checked = base::run_process(
        {.argv = {"go", "-C", folder_of_checker(), "test", "./..."}, .timeout = std::chrono::minutes(5)});
    ASSERT_TRUE(checked && checked->exit_code == 0) << "the checker does not refuse wrong histories";
    auto orchestrator = Orchestrator::start(folder_.path());
    ASSERT_TRUE(orchestrator) << orchestrator.error().message();
    orchestrator_ = std::move(*orchestrator);
  }

  static std::string folder_of_checker() { return source_folder() / "tests/real/linearizability"; }

  // One history over `seconds`; `disturb` runs again and again meanwhile. The checker's summary.
  Json run(int seed, int seconds, const std::function<void()>& disturb) {
    auto clients = Process::start(
        {checker_, "-kubeconfig", orchestrator_->kubeconfig(), "-duration", std::to_string(seconds) + "s", "-seed",
         std::to_string(seed), "-out", std::filesystem::temp_directory_path()},
        folder_.path() / ("history-" + std::to_string(seed) + ".log"));
    EXPECT_TRUE(clients) << clients.error().message();
    if (!clients) return {};
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
    while (disturb && clients->running() && std::chrono::steady_clock::now() < end) disturb();
    const int code = clients->wait(std::chrono::minutes(6));
    const std::string output = clients->output();
    EXPECT_EQ(code, 0) << output;
    const auto summary = data::parse_json(output.substr(0, output.find('\n')));
    return summary ? *summary : Json();
  }

  base::TemporaryFolder folder_ = *base::TemporaryFolder::create("slipway-linearizability");
  std::string checker_ = folder_.path() / "linearizability";
  std::unique_ptr<Orchestrator> orchestrator_;
};

TEST_F(Linearizability, QuietServer) {
  const Json summary = run(1, setting("SLIPWAY_LINEARIZABILITY_SECONDS", 6), {});
  EXPECT_GT(summary["operations"].integer_or(-1), 500);
  EXPECT_EQ(summary["unknown"].integer_or(-1), 0);
  EXPECT_GT(summary["watchEvents"].integer_or(-1), 100);
  std::cout << data::to_json(summary) << std::endl;
}

TEST_F(Linearizability, ServerIsKilledAndRestarted) {
  const int rounds = setting("SLIPWAY_LINEARIZABILITY_ROUNDS", 2);
  for (int round = 0; round < rounds; ++round) {
    std::minstd_rand random(static_cast<unsigned>(round) + 1);
    int restarts = 0;
    const auto disturb = [&] {
      std::this_thread::sleep_for(milliseconds(300 + random() % 1'500));
      if (random() % 3 == 0) {
        orchestrator_->process().signal(SIGTERM);
        EXPECT_EQ(orchestrator_->process().wait(milliseconds(15'000)), 0);
      } else {
        orchestrator_->kill_hard();
      }
      const auto restarted = orchestrator_->restart();
      ASSERT_TRUE(restarted) << restarted.error().message();
      ++restarts;
    };
    const Json summary = run(100 + round, setting("SLIPWAY_LINEARIZABILITY_SECONDS", 10), disturb);
    EXPECT_GE(restarts, 2);
    EXPECT_GT(summary["operations"].integer_or(-1), 200);
    std::cout << restarts << " restarts, " << data::to_json(summary) << std::endl;
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace slipway::real
