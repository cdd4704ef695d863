#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "data/json.h"

namespace slipway::templates {

using data::Json;

// The variable that every ClusterClass of a K3s template has.
inline constexpr const char* kAirGappedVariable = "airGapped";

// Name of the IntelMachineTemplate of a ClusterTemplate: "<template>-controlplane".
std::string machine_template_name(const Json& cluster_template);

// The objects a ClusterTemplate stands for, in creation order: KThreesControlPlaneTemplate, IntelMachineTemplate,
// IntelClusterTemplate, ClusterClass; all of them owned by the template. Pure and deterministic.
// kInvalid with field errors for a template that cannot work (fields below spec).
base::Result<std::vector<Json>> render_cluster_class(const Json& cluster_template);

}  // namespace slipway::templates
