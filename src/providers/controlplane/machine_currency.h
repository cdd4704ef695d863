#pragma once

#include <string>
#include <vector>

#include "data/json.h"
#include "meta/conditions.h"

// Whether a Machine still is what its control plane asks for: cluster-api-k3s' rollout criteria. Pure.
namespace slipway::providers::controlplane {

using data::Json;

// What differs, one line each; empty = up to date. `config` and `infra_machine` are the Machine's companions, null
// where they could not be read. Metadata and timeouts never count.
std::vector<std::string> outdated_reasons(const Json& control_plane, const Json& machine, const Json& config,
                                          const Json& infra_machine);

// The Machine's UpToDate condition, which the control plane provider owns.
meta::Condition up_to_date_condition(const std::vector<std::string>& reasons);

}  // namespace slipway::providers::controlplane
