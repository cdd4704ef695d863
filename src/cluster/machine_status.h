#pragma once

#include <optional>

#include "base/clock.h"
#include "cluster/cluster_status.h"
#include "meta/object.h"

namespace slipway::cluster {

// What a pass over a Machine has seen.
struct MachineObservation {
  ObjectPtr cluster;
  ObjectPtr bootstrap;                     // null: not there
  ObjectPtr infrastructure;                // null: not there
  std::optional<base::Result<Json>> node;  // absent: not looked for (no providerID yet)
  std::optional<DeletionProgress> deletion;
};

// Takes over what bootstrap and infrastructure report (data Secret, providerID, addresses), the node, the phase and
// every condition of a Machine (v1beta2 rules).
void update_machine_status(Json& machine, const MachineObservation& seen, base::WallTime now);

// True when the Machine's Node exists and says it is Ready.
bool node_is_ready(const MachineObservation& seen);

}  // namespace slipway::cluster
