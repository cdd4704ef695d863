#pragma once

#include "registry/registry.h"

namespace slipway::providers::controlplane {

// Defaults and checks of KThreesControlPlane on its way in: replicas 1, the namespace of the infrastructure reference;
// one server, a version that can be understood. Field errors name the path and what to do. Unlike cluster-api-k3s'
// webhooks it does not ask for an external cloud provider: no cloud controller runs at a site, and without one the node
// would keep the taint that keeps pods away.
void add_admissions(registry::Registry& registry);

base::Status check_control_plane(const data::Json& control_plane);

}  // namespace slipway::providers::controlplane
