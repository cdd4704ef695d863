#pragma once

#include <string>

#include "base/result.h"
#include "data/json.h"

// The three objects of one control-plane machine. Pure; they share one name, so that a repeated pass finds what an
// interrupted one made.
namespace slipway::providers::controlplane {

using data::Json;

// "<control plane>-<5 characters>", the same for every pass over the same control plane object.
std::string machine_name(const Json& control_plane);

// What every object of the control plane's machines carries: spec.machineTemplate.metadata and Cluster API's labels.
void set_machine_metadata(Json& object, const Json& control_plane, const Json& cluster);

// The time limits of spec.machineTemplate, in seconds, on a Machine. kInvalid for one that is no duration.
base::Status set_timeouts(Json& machine, const Json& control_plane);

// A copy of the infrastructure template's spec.template. kInvalid when its kind does not end in "Template".
base::Result<Json> infrastructure_machine(const Json& control_plane, const Json& cluster, const Json& infra_template);
Json bootstrap_config(const Json& control_plane, const Json& cluster);
// Refers to the two others. kInvalid for a timeout that is no duration.
base::Result<Json> machine(const Json& control_plane, const Json& cluster, const Json& infra_machine);

}  // namespace slipway::providers::controlplane
