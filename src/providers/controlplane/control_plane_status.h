#pragma once

#include <map>
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
  std::map<std::string, std::vector<std::string>> outdated;  // by Machine: what differs from the spec
  std::string deletion;                                      // what a deletion waits for
};

// The Node with this providerID among `nodes`; null Json when there is none.
const Json& find_node(const Json& nodes, std::string_view provider_id);
bool is_node_ready(const Json& node);

// True for a Node that K3s has made a server.
bool is_control_plane_node(const Json& node);

// Replaces status; `wanted` is a copy of the control plane object. Initialized once, always initialized: the workload
// API answered and has the control-plane Node of a Machine. Counts come from Machines whose Node is Ready. Every
// condition is there from the first pass; without an answer nobody may call the cluster available.
void set_status(Json& wanted, const Observation& observation, base::WallTime now);

}  // namespace slipway::providers::controlplane
