#pragma once

#include "registry/registry.h"

namespace slipway::providers::controlplane {

// Defaults and checks of KThreesControlPlane and KThreesConfig on their way in, as cluster-api-k3s' webhooks set them
// (replicas 1, disableCloudController true, cloudProviderName "external"), plus checks that it lacks: one server, a
// version that can be understood. Field errors name the path and what to do.
void add_admissions(registry::Registry& registry);

// The same as functions over one object.
void set_config_defaults(data::Json& config_spec);
base::Status check_control_plane(const data::Json& control_plane);

}  // namespace slipway::providers::controlplane
