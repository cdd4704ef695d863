#pragma once

#include <functional>
#include <string>

#include "base/result.h"
#include "data/json.h"
#include "meta/gvk.h"

namespace slipway::providers::controlplane {

// The API servers of workload clusters, reached with the credentials of their kubeconfig Secret. `cluster` is the key
// of the Cluster object. Thread-safe.
class WorkloadClusters {
 public:
  virtual ~WorkloadClusters() = default;

  // GET of an API path ("/api/v1/nodes"), bounded to a few seconds. kUnavailable when the cluster does not answer (no
  // host connected, no kubeconfig, starting), otherwise what it answers.
  virtual base::Result<data::Json> get(const meta::ObjectKey& cluster, const std::string& path) = 0;

  // From now on `changed` is called whenever a Node of the cluster may have changed, also when the API begins to answer
  // or is lost; until forget(). One call per cluster is enough, repeats are ignored.
  virtual void follow_nodes(const meta::ObjectKey& cluster, std::function<void()> changed) = 0;
  virtual void forget(const meta::ObjectKey& cluster) = 0;
};

}  // namespace slipway::providers::controlplane
