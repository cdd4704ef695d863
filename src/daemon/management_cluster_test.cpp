#include "daemon/management_cluster.h"

#include <atomic>
#include <gmock/gmock.h>
#include <mutex>

#include "base/files.h"
#include "daemon/slipwayd.h"
#include "kube/remote_client.h"

namespace slipway::daemon {
namespace {

using data::Json;
using testing::HasSubstr;
using namespace std::chrono_literals;

bool eventually(const std::function<bool()>& condition) {
  for (int i = 0; i < 6'000 && !condition(); ++i) std::this_thread::sleep_for(10ms);
  return condition();
}

// A replica and what it said.
struct Watched {
  std::atomic<bool> leads = false;
  std::mutex mutex;
  std::string lost, failed;
  std::unique_ptr<ManagedSlipwayd> replica;

  std::string loss() {
    const std::lock_guard lock(mutex);
    return lost;
  }
  std::string failure() {
    const std::lock_guard lock(mutex);
    return failed;
  }
};

// The API server of an embedded slipwayd takes the place of the cluster; tests/real has a real one.
struct ManagementClusterTest : testing::Test {
  base::TemporaryFolder folder = *base::TemporaryFolder::create("slipway-managed");
  std::unique_ptr<Slipwayd> cluster;
  pki::Kubeconfig kubeconfig;
  std::shared_ptr<kube::RemoteClient> client;

  ManagementClusterTest() {
    SlipwaydOptions options{.data_folder = folder.path() / "cluster"};
    options.api.port = 0;
    options.api_only = true;
    cluster = Slipwayd::start(options).value();
    kubeconfig = pki::parse_kubeconfig(base::read_file(cluster->kubeconfig_path()).value()).value();
    client = kube::RemoteClient::connect(kubeconfig).value();
  }

  std::unique_ptr<Watched> start(ListenAddress gateway = {}) {
    auto watched = std::make_unique<Watched>();
    Watched& it = *watched;
    auto started = ManagedSlipwayd::start({.cluster = kubeconfig,
                                           .lease_duration = 3s,
                                           .renew_deadline = 2s,
                                           .retry_period = 200ms,
                                           .agents = {},
                                           .gateway = std::move(gateway)},
                                          {.leading = [&it](const ManagedSlipwayd&) { it.leads = true; },
                                           .failed =
                                               [&it](const base::Error& error) {
                                                 const std::lock_guard lock(it.mutex);
                                                 it.failed = error.message();
                                               },
                                           .lost =
                                               [&it](const std::string& message) {
                                                 const std::lock_guard lock(it.mutex);
                                                 it.lost = message;
                                               }});
    EXPECT_TRUE(started) << started.error().message();
    if (started) it.replica = std::move(*started);
    return watched;
  }
  std::string authority() {
    const auto published = client->get(kube::kConfigMap, {"slipway-system", "slipway-ca"});
    return published ? (**published).text({"data", "ca.crt"}) : "";
  }
};

TEST_F(ManagementClusterTest, OneLeadsAndAnotherTakesOverWithTheSameAuthority) {
  const auto first = start();
  ASSERT_TRUE(eventually([&] { return first->leads.load(); })) << first->failure();
  EXPECT_THAT(first->replica->agents_url(), HasSubstr("https://127.0.0.1:"));
  EXPECT_TRUE(client->list({"inventory.slipway.dev", "v1alpha1", "Host"}, {}));
  EXPECT_FALSE(client->list({"cluster.x-k8s.io", "v1beta1", "Cluster"}, {})) << "nobody converts it there";
  const std::string ca = authority();
  EXPECT_FALSE(ca.empty());

  const auto second = start();
  ASSERT_TRUE(eventually([&] { return second->replica->leader() == first->replica->identity(); }));
  EXPECT_FALSE(second->leads);
  EXPECT_EQ(second->replica->agents_url(), "") << "the doors of a replica that waits are closed";
  first->replica->stop();
  ASSERT_TRUE(eventually([&] { return second->leads.load(); })) << second->failure();
  EXPECT_EQ(authority(), ca);
  EXPECT_EQ(first->loss(), "") << "it was stopped in order";
  second->replica->stop();
}

TEST_F(ManagementClusterTest, WithoutTheClusterTheLeadIsLost) {
  const auto replica = start();
  ASSERT_TRUE(eventually([&] { return replica->leads.load(); })) << replica->failure();
  cluster->stop();
  ASSERT_TRUE(eventually([&] { return !replica->loss().empty(); }));
  EXPECT_THAT(replica->loss(), HasSubstr("Lease slipway-system/slipwayd was not renewed for 2000 ms"));
  EXPECT_FALSE(ManagedSlipwayd::start({.cluster = kubeconfig}, {})) << "and nobody can begin";
}

TEST_F(ManagementClusterTest, WhoCannotLeadReleasesTheLease) {
  const auto replica = start({"no-such-address", 1});
  ASSERT_TRUE(eventually([&] { return !replica->failure().empty(); }));
  EXPECT_FALSE(replica->leads);
  const auto lease = client->get(kube::kLease, {"slipway-system", "slipwayd"});
  ASSERT_TRUE(lease);
  EXPECT_EQ((**lease).text({"spec", "holderIdentity"}), "");
}

}  // namespace
}  // namespace slipway::daemon
