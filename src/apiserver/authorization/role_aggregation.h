#pragma once

#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "base/result.h"
#include "data/json.h"
#include "registry/registry.h"

namespace slipway::apiserver {

// `role` with the rules of every other ClusterRole that one of its aggregationRule's selectors matches, sorted by name,
// each rule once; nothing when it is no aggregated role or has these rules already
// (k8s.io/kubernetes/pkg/controller/clusterroleaggregation).
std::optional<data::Json> aggregated(const data::Json& role, const std::vector<meta::ObjectPtr>& cluster_roles);

// Brings every aggregated ClusterRole up to date, also those that collect from others.
base::Status aggregate_roles(registry::Registry& registry);

// Keeps access in order while the server runs: writes the default roles and bindings, then fills aggregated
// ClusterRoles whenever a ClusterRole changes. start() returns when both are done once, so that the first request finds
// them. The registry must outlive it.
class AccessPolicyKeeper {
 public:
  static base::Result<std::unique_ptr<AccessPolicyKeeper>> start(registry::Registry& registry);
  ~AccessPolicyKeeper();
  // Ends its thread. Idempotent.
  void stop();

 private:
  explicit AccessPolicyKeeper(registry::Registry& registry) : registry_(registry) {}
  void run(const std::stop_token& stop);
  // Follows one watch until it ends; the error says why.
  base::Status follow(const std::stop_token& stop);

  registry::Registry& registry_;
  std::jthread thread_;
};

}  // namespace slipway::apiserver
