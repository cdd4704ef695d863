// kill -9 of slipwayd under write load through its HTTPS door: every acknowledged write is there afterwards, every
// other one is whole or absent, and revisions never go back.

#include <atomic>
#include <cstdlib>
#include <gtest/gtest.h>
#include <iostream>
#include <mutex>
#include <set>
#include <thread>

#include "kube/remote_client.h"
#include "pki/kubeconfig.h"
#include "real/harness.h"

namespace slipway::real {
namespace {

using data::Json;

int rounds() {
  const char* wanted = std::getenv("SLIPWAY_CRASH_ROUNDS");
  return wanted != nullptr ? std::atoi(wanted) : 10;
}

class WriteLoad : public testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(program("slipwayd")))
      GTEST_SKIP() << "build/bin/slipwayd is not there; run make build";
    auto orchestrator = Orchestrator::start(folder_->path());
    ASSERT_TRUE(orchestrator) << orchestrator.error().message();
    orchestrator_ = std::move(*orchestrator);
  }

  std::shared_ptr<kube::RemoteClient> connect() {
    const auto config = pki::parse_kubeconfig(*base::read_file(orchestrator_->kubeconfig()));
    auto client = kube::RemoteClient::connect(*config);
    return client ? *client : nullptr;
  }

  // Writers create ConfigMaps until the server is gone; names whose creation was acknowledged go into `acknowledged_`.
  void write_until_killed(int round) {
    std::atomic<int> written{0};
    std::vector<std::jthread> writers;
    for (int writer = 0; writer < 8; ++writer) {
      writers.emplace_back([&, writer] {
        const auto client = connect();
        for (int i = 0; client != nullptr && i < 100'000; ++i) {
          const std::string name =
              "w-" + std::to_string(round) + "-" + std::to_string(writer) + "-" + std::to_string(i);
          const auto created = client->create(
              Json::object({{"apiVersion", "v1"},
                            {"kind", "ConfigMap"},
                            {"metadata", Json::object({{"name", name}, {"namespace", "default"}})},
                            {"data", Json::object({{"name", name}, {"fill", std::string(1000, 'x')}})}}));
          if (!created) return;
          std::lock_guard lock(mutex_);
          acknowledged_.insert(name);
          newest_revision_ = std::max(newest_revision_, std::atoll(meta::resource_version(**created).c_str()));
          ++written;
        }
      });
    }
    // A different moment each time: after so many writes.
    EXPECT_TRUE(eventually(milliseconds(20'000), [&] { return written > 20 + 13 * (round % 7); }, milliseconds(1)));
    orchestrator_->kill_hard();
  }

  void check() {
    const auto client = connect();
    ASSERT_NE(client, nullptr);
    const auto list = client->list(kube::kConfigMap, {.ns = "default"});
    ASSERT_TRUE(list) << list.error().message();
    EXPECT_GE(std::atoll(list->resource_version.c_str()), newest_revision_);
    std::set<std::string> present;
    for (const auto& item : list->items) {
      EXPECT_EQ(item->text({"data", "name"}), meta::name(*item)) << "a write must be whole";
      EXPECT_EQ(item->text({"data", "fill"}).size(), 1000u);
      present.insert(meta::name(*item));
    }
    for (const std::string& name : acknowledged_)
      ASSERT_TRUE(present.contains(name)) << name << " was acknowledged and is lost";
  }

  std::unique_ptr<base::TemporaryFolder> folder_ =
      std::make_unique<base::TemporaryFolder>(*base::TemporaryFolder::create("slipway-load"));
  std::unique_ptr<Orchestrator> orchestrator_;
  std::mutex mutex_;
  std::set<std::string> acknowledged_;
  long long newest_revision_ = 0;
};

TEST_F(WriteLoad, KillLosesNoAcknowledgedWrite) {
  for (int round = 0; round < rounds(); ++round) {
    ASSERT_NO_FATAL_FAILURE(write_until_killed(round));
    const auto restarted = orchestrator_->restart();
    ASSERT_TRUE(restarted) << restarted.error().message();
    ASSERT_NO_FATAL_FAILURE(check());
  }
  std::cout << rounds() << " kills of slipwayd, " << acknowledged_.size() << " acknowledged writes, none lost"
            << std::endl;
}

}  // namespace
}  // namespace slipway::real
