// Unmodified Go clients (client-go, controller-runtime; tests/real/clients) against slipwayd, and the same checks with
// the same expectations against kube-apiserver and etcd.

#include <gtest/gtest.h>
#include <iostream>

#include "kubernetes/kubernetes_servers.h"
#include "real/harness.h"

namespace slipway::real {
namespace {

std::size_t count(const std::string& text, const std::string& line) {
  std::size_t found = 0;
  for (auto at = text.find(line); at != std::string::npos; at = text.find(line, at + 1)) ++found;
  return found;
}

class GoClients : public testing::Test {
 protected:
  void SetUp() override {
    const auto built = base::run_process({.argv = {"go", "-C", source_folder() / "tests/real/clients", "build",
                                                   "-trimpath", "-buildvcs=false", "-o", program_, "."},
                                          .timeout = std::chrono::minutes(15)});
    if (!built || built->exit_code != 0) GTEST_SKIP() << "tests/real/clients cannot be built; is Go there?";
  }

  // Every check must pass; what they say is printed.
  void run(const std::filesystem::path& kubeconfig, const std::vector<std::string>& arguments) {
    std::vector<std::string> argv{program_, "-kubeconfig", kubeconfig};
    argv.insert(argv.end(), arguments.begin(), arguments.end());
    const auto result = base::run_process({.argv = std::move(argv), .timeout = std::chrono::minutes(10)});
    ASSERT_TRUE(result) << result.error().message();
    std::cout << result->standard_output;
    EXPECT_EQ(result->exit_code, 0) << result->standard_output << result->standard_error;
  }

  // The clients follow objects while `kill_and_start` runs, whenever they ask for it.
  void run_through_restarts(const std::filesystem::path& kubeconfig,
                            const std::function<base::Status()>& kill_and_start) {
    const auto restarted = folder_.path() / "restarted";
    ASSERT_TRUE(base::write_file_atomically(restarted, "", 0600));
    auto process =
        Process::start({program_, "-kubeconfig", kubeconfig, "-check", "watch-resume", "-restarted", restarted},
                       folder_.path() / "clients.log");
    ASSERT_TRUE(process) << process.error().message();
    std::string lines;
    const auto asked = [&] { return count(process->output(), "restart the server\n") > lines.size(); };
    while (eventually(std::chrono::minutes(5), [&] { return asked() || !process->running(); }) && asked()) {
      const base::Status started = kill_and_start();
      ASSERT_TRUE(started) << started.error().message();
      lines += '\n';
      ASSERT_TRUE(base::write_file_atomically(restarted, lines, 0600));
    }
    std::cout << process->output();
    EXPECT_EQ(process->wait(std::chrono::seconds(1)), 0) << process->output();
  }

  base::TemporaryFolder folder_ = *base::TemporaryFolder::create("slipway-clients");
  std::string program_ = folder_.path() / "clients";
  std::vector<std::string> checks_{"-definition", source_folder() / "api/crds/cluster.x-k8s.io_clusterclasses.yaml"};
};

class GoClientsOnSlipwayd : public GoClients {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(program("slipwayd")))
      GTEST_SKIP() << "build/bin/slipwayd is not there; run make build";
    GoClients::SetUp();
    if (IsSkipped()) return;
    auto started = Orchestrator::start(folder_.path());
    ASSERT_TRUE(started) << started.error().message();
    orchestrator_ = std::move(*started);
  }
  std::unique_ptr<Orchestrator> orchestrator_;
};

TEST_F(GoClientsOnSlipwayd, AllChecks) {
  run(orchestrator_->kubeconfig(), checks_);
}

TEST_F(GoClientsOnSlipwayd, FollowOverKillAndRestart) {
  run_through_restarts(orchestrator_->kubeconfig(), [&] {
    orchestrator_->kill_hard();
    return orchestrator_->restart();
  });
}

class GoClientsOnKubernetes : public GoClients {
 protected:
  void SetUp() override {
    const auto programs = source_folder() / "build/real/bin";
    if (const auto missing = kubernetes::KubernetesServers::missing_parts(programs)) GTEST_SKIP() << *missing;
    GoClients::SetUp();
    if (IsSkipped()) return;
    servers_.emplace(programs, folder_.path() / "kubernetes");
    const base::Status started = servers_->start();
    ASSERT_TRUE(started) << started.error().message();
  }
  std::optional<kubernetes::KubernetesServers> servers_;
};

// Owned objects are removed by kube-controller-manager there, which does not run here.
TEST_F(GoClientsOnKubernetes, AllChecks) {
  checks_.insert(checks_.end(), {"-skip", "garbage-collection"});
  run(servers_->kubeconfig(), checks_);
}

TEST_F(GoClientsOnKubernetes, FollowOverKillAndRestart) {
  run_through_restarts(servers_->kubeconfig(), [&] {
    servers_->kill_api_server();
    return servers_->start();
  });
}

}  // namespace
}  // namespace slipway::real
