// RemoteClient passes the suite of every kube::Client also against an unmodified kube-apiserver with etcd.

#include "kube/client_conformance_suite.h"
#include "kube/remote_client.h"
#include "kubernetes/kubernetes_servers.h"
#include "real/harness.h"

namespace slipway::kube {
namespace {

using namespace std::chrono_literals;

const Gvk kDefinition{"apiextensions.k8s.io", "v1", "CustomResourceDefinition"};

std::filesystem::path programs() {
  return real::source_folder() / "build/real/bin";
}

// One API server for all tests, with the kinds of the suite; ends with the process.
class SharedServers {
 public:
  static SharedServers& instance() {
    static SharedServers shared;
    return shared;
  }
  std::shared_ptr<RemoteClient> client() const { return client_; }

 private:
  SharedServers() {
    if (const base::Status started = servers_.start(); !started) {
      ADD_FAILURE() << started.error().message();
      return;
    }
    auto client = RemoteClient::connect(servers_.administrator());
    if (!client) return;
    for (const Json& definition : {registry::widget_crd(), registry::gadget_crd()})
      if (const auto made = (*client)->create(definition); !made) ADD_FAILURE() << made.error().message();
    const bool served = real::eventually(
        60s, [&] { return (*client)->list(kWidget, {}).has_value() && (*client)->list(kGadget, {}).has_value(); });
    if (served && real::eventually(60s, [&] { return (*client)->get(kNamespace, {"", "default"}).has_value(); }))
      client_ = *client;
  }

  base::TemporaryFolder folder_ = *base::TemporaryFolder::create("slipway-conformance");
  kubernetes::KubernetesServers servers_{programs(), folder_.path()};
  std::shared_ptr<RemoteClient> client_;
};

// Removes what a test left, whatever holds it.
bool sweep(Client& client, const Gvk& gvk) {
  const auto list = client.list(gvk);
  if (!list) return false;
  for (const ObjectPtr& object : list->items) {
    const ObjectKey key = meta::key_of(*object);
    (void)client.patch(gvk, key, PatchType::kMerge, json(R"({"metadata": {"finalizers": null}})"));
    (void)client.remove(gvk, key);
  }
  return list->items.empty();
}

class KubernetesServer final : public ConformanceServer {
 public:
  KubernetesServer() : client_(SharedServers::instance().client()) {}
  ~KubernetesServer() override {
    for (const Gvk& gvk : {kWidget, kGadget})
      EXPECT_TRUE(real::eventually(30s, [&] { return sweep(*client_, gvk); })) << gvk.kind;
  }
  Client& client() override { return *client_; }

 private:
  const std::shared_ptr<RemoteClient> client_;
};

INSTANTIATE_TEST_SUITE_P(Kubernetes, ClientConformance,
                         testing::Values(ConformanceTarget{
                             "kube-apiserver",
                             []() -> std::unique_ptr<ConformanceServer> {
                               if (!SharedServers::instance().client()) return nullptr;
                               return std::make_unique<KubernetesServer>();
                             },
                             [] { return kubernetes::KubernetesServers::missing_parts(programs()); }}));

}  // namespace
}  // namespace slipway::kube
