#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "kube/local_client.h"
#include "registry/garbage_collector.h"
#include "registry/registry.h"
#include "store/store.h"

namespace slipway::daemon {

// Store, registry, garbage collection, and the in-process client: what everything else in slipwayd stands on.
class ResourcePlane {
 public:
  // Every kind of Slipway beside those of Kubernetes, or only the latter and what users define.
  enum class Kinds { kSlipway, kKubernetes };
  // `sealed` are resources to seal at rest beside Secrets: "configmaps", "widgets.example.com".
  static base::Result<std::unique_ptr<ResourcePlane>> open(const std::filesystem::path& data_folder,
                                                           Kinds kinds = Kinds::kSlipway,
                                                           const std::vector<std::string>& sealed = {});
  // For tests: the same over a store of the caller's.
  static base::Result<std::unique_ptr<ResourcePlane>> over(std::unique_ptr<store::Store> store,
                                                           Kinds kinds = Kinds::kSlipway);
  ~ResourcePlane() { stop(); }

  registry::Registry& registry() { return *registry_; }
  kube::Client& client() { return *client_; }
  // Whether the store answers.
  base::Status check_store();
  // Garbage collection ends, further writes are refused. Idempotent.
  void stop();

 private:
  ResourcePlane() = default;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<registry::Registry> registry_;
  std::unique_ptr<registry::GarbageCollector> garbage_collector_;
  std::unique_ptr<kube::LocalClient> client_;
};

}  // namespace slipway::daemon
