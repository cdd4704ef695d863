// Unmodified Go clients (client-go, controller-runtime; tests/real/clients) against slipwayd, and the same checks with
// the same expectations against kube-apiserver and etcd.

#include <cstdlib>
#include <gtest/gtest.h>
#include <iostream>

#include "kubernetes/kubernetes_servers.h"
#include "real/harness.h"

namespace slipway::real {
namespace {

class GoClients : public testing::Test {
 protected:
  void SetUp() override {
    const auto built = base::run_process({.argv = {"go", "-C", source_folder() / "tests/real/clients", "build",
                                                   "-trimpath", "-buildvcs=false", "-o", program_, "."},
                                          .timeout = std::chrono::minutes(15)});
    if (!built || built->exit_code != 0) GTEST_SKIP() << "tests/real/clients cannot be built; is Go there?";
  }

  // Every check must pass; what they say is printed.
  void run(const std::filesystem::path& kubeconfig, std::vector<std::string> arguments = {}) {
    std::vector<std::string> argv{program_, "-kubeconfig", kubeconfig};
    argv.insert(argv.end(), arguments.begin(), arguments.end());
    const auto result = base::run_process({.argv = std::move(argv), .timeout = std::chrono::minutes(10)});
    ASSERT_TRUE(result) << result.error().message();
    std::cout << result->standard_output;
    EXPECT_EQ(result->exit_code, 0) << result->standard_output << result->standard_error;
  }

  base::TemporaryFolder folder_ = *base::TemporaryFolder::create("slipway-clients");
  std::string program_ = folder_.path() / "clients";
};

TEST_F(GoClients, WorkOnSlipwayd) {
  if (!std::filesystem::exists(program("slipwayd"))) GTEST_SKIP() << "build/bin/slipwayd is not there; run make build";
  auto orchestrator = Orchestrator::start(folder_.path());
  ASSERT_TRUE(orchestrator) << orchestrator.error().message();
  const char* objects = std::getenv("SLIPWAY_CLIENT_OBJECTS");
  run((*orchestrator)->kubeconfig(), {"-objects", objects != nullptr ? objects : "2000"});
}

// Owned objects are removed by kube-controller-manager there, which does not run here.
TEST_F(GoClients, WorkOnKubernetes) {
  const auto programs = source_folder() / "build/real/bin";
  if (const auto missing = kubernetes::KubernetesServers::missing_parts(programs)) GTEST_SKIP() << *missing;
  kubernetes::KubernetesServers servers(programs, folder_.path() / "kubernetes");
  const base::Status started = servers.start();
  ASSERT_TRUE(started) << started.error().message();
  run(servers.kubeconfig(), {"-objects", "500", "-skip", "garbage-collection"});
}

}  // namespace
}  // namespace slipway::real
