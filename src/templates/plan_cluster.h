#pragma once

#include <string>

#include "base/result.h"
#include "data/json.h"

namespace slipway::templates {

using data::Json;

struct ClusterPlanRequest {
  std::string name;
  std::string ns;
  const Json& cluster_template;  // ClusterTemplate
  const Json& host;              // inventory Host
};

// What to create for a cluster of one server on one host.
struct ClusterPlan {
  Json cluster;  // cluster.x-k8s.io/v1beta2 Cluster with a topology
  Json binding;  // IntelMachineBinding that names the host
};

// Pure. kConflict when the host cannot take a cluster now, kInvalid when template and host do not fit; the message
// names both and says what to do.
base::Result<ClusterPlan> plan_cluster(const ClusterPlanRequest& request);

}  // namespace slipway::templates
