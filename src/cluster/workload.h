#pragma once

#include <string_view>

#include "base/result.h"
#include "data/json.h"
#include "meta/gvk.h"

namespace slipway::cluster {

// The workload clusters as this module needs them. Implementations bound every call in time (seconds) and are
// thread-safe; `cluster` is the key of the Cluster object.
class WorkloadNodes {
 public:
  virtual ~WorkloadNodes() = default;
  // The Node (v1) whose spec.providerID is `provider_id`; kNotFound when the cluster answers and has none,
  // kUnavailable when it does not answer (no tunnel, no kubeconfig yet).
  virtual base::Result<data::Json> find_node(const meta::ObjectKey& cluster, std::string_view provider_id) = 0;
  // Succeeds when the cluster's API server answers with the credentials of its kubeconfig.
  virtual base::Status probe(const meta::ObjectKey& cluster) = 0;
};

}  // namespace slipway::cluster
