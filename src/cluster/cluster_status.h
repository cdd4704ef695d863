#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "meta/object.h"

namespace slipway::cluster {

using data::Json;
using meta::ObjectPtr;

// Where the deletion of a Cluster stands.
struct DeletionProgress {
  std::string reason;   // "WaitingForControlPlaneDeletion"
  std::string message;  // what is waited for, by name
};

// What a pass over a Cluster has seen; status is a function of it.
struct ClusterObservation {
  ObjectPtr infrastructure;  // null: not there (yet, or any more)
  ObjectPtr control_plane;
  std::vector<ObjectPtr> control_plane_machines;
  std::vector<ObjectPtr> worker_machines;
  std::optional<base::Status> topology;  // absent: not topology-managed
  std::string topology_reason;           // for the condition when it failed
  std::optional<base::Status> probe;     // absent: not tried, the control plane is not initialized
  std::optional<DeletionProgress> deletion;
};

// Takes over what the providers report: endpoint and failure domains, initialization, replicas, phase, every condition
// of a Cluster (v1beta2 rules: all of them from the first pass) and the steps of the timeline.
void update_cluster_status(Json& cluster, const ClusterObservation& seen, base::WallTime now);

}  // namespace slipway::cluster
