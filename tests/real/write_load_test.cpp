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

int number_from(const char* variable, int otherwise) {
  const char* wanted = std::getenv(variable);
  return wanted != nullptr ? std::atoi(wanted) : otherwise;
}

// A new data folder after so many rounds, so that looking at everything stays cheap.
constexpr int kRoundsPerFolder = 20;

class WriteLoad : public testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(program("slipwayd")))
      GTEST_SKIP() << "build/bin/slipwayd is not there; run make build";
    begin();
  }

  void begin() {
    orchestrator_.reset();
    folder_ = std::make_unique<base::TemporaryFolder>(*base::TemporaryFolder::create("slipway-load"));
    auto orchestrator = Orchestrator::start(folder_->path());
    ASSERT_TRUE(orchestrator) << orchestrator.error().message();
    orchestrator_ = std::move(*orchestrator);
    acknowledged_.clear();
    newest_revision_ = 0;
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
          ++total_;
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
    check_watch(*client, list->resource_version);
  }

  // Who watched up to the newest acknowledged write is told to list again, or sees exactly what came after it.
  void check_watch(kube::Client& client, const std::string& now) {
    const auto watch =
        client.watch(kube::kConfigMap, {.ns = "default", .resource_version = std::to_string(newest_revision_)});
    if (!watch) {
      ASSERT_EQ(watch.error().code(), base::ErrorCode::kExpired) << watch.error().message();
      return;
    }
    const auto events = (*watch)->next(milliseconds(now == std::to_string(newest_revision_) ? 20 : 5'000));
    if (!events) {
      ASSERT_EQ(events.error().code(), base::ErrorCode::kExpired) << events.error().message();
      return;
    }
    for (const auto& event : *events)
      ASSERT_GT(std::atoll(meta::resource_version(*event.object).c_str()), newest_revision_);
  }

  std::unique_ptr<base::TemporaryFolder> folder_;
  std::unique_ptr<Orchestrator> orchestrator_;
  std::mutex mutex_;
  std::set<std::string> acknowledged_;
  long long newest_revision_ = 0;
  std::atomic<long> total_{0};  // acknowledged, in all folders
};

TEST_F(WriteLoad, KillLosesNoAcknowledgedWrite) {
  const int rounds = number_from("SLIPWAY_CRASH_ROUNDS", 10);
  // So long at most; the line below says how many rounds that made.
  const auto start = std::chrono::steady_clock::now();
  const auto end = start + std::chrono::seconds(number_from("SLIPWAY_CRASH_SECONDS", 1'200));
  int round = 0;
  for (; round < rounds && std::chrono::steady_clock::now() < end; ++round) {
    if (round > 0 && round % kRoundsPerFolder == 0) {
      ASSERT_NO_FATAL_FAILURE(begin());
    }
    ASSERT_NO_FATAL_FAILURE(write_until_killed(round));
    const auto restarted = orchestrator_->restart();
    ASSERT_TRUE(restarted) << restarted.error().message();
    ASSERT_NO_FATAL_FAILURE(check());
  }
  const auto seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  std::cout << round << " kills of slipwayd, " << total_ << " acknowledged writes, none lost, " << seconds / round
            << " s a round" << std::endl;
}

}  // namespace
}  // namespace slipway::real
