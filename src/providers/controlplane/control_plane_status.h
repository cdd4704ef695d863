#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "data/json.h"
#include "meta/object.h"

// status of a KThreesControlPlane from what is there: v1beta2 contract fields beside those of cluster-api-k3s. Pure.
namespace slipway::providers::controlplane {

using data::Json;
using meta::ObjectPtr;

// What this pass found out.
struct Observation {
  std::vector<ObjectPtr> machines;  // the control plane's own
  bool has_certificates = false;
  std::string certificates_problem;
  bool has_kubeconfig = false;
  bool api_answers = false;  // the workload API gave its Nodes to the cluster's credentials
  std::string api_problem;   // why not
  Json nodes;                // its Nodes, an array
  std::string problem;       // what keeps machines from being made; "" = nothing
};

// The Node with this providerID among `nodes`; null Json when there is none.
const Json& find_node(const Json& nodes, std::string_view provider_id);
bool is_node_ready(const Json& node);

// Replaces status; `wanted` is a copy of the control plane object. Initialized once, always initialized: the workload
// API answered and has a control-plane Node. Counts come from Machines whose Node is Ready.
void set_status(Json& wanted, const Observation& observation, base::WallTime now);

}  // namespace slipway::providers::controlplane
