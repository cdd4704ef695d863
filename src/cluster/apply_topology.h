#pragma once

#include "control/manager.h"

namespace slipway::cluster {

using data::Json;
using meta::ObjectPtr;

// The class of a topology-managed Cluster: {namespace of the class or of the Cluster, name}. Reads both API versions.
meta::ObjectKey class_key(const Json& cluster);

// Brings the objects of a topology-managed Cluster in line with its ClusterClass. `cluster` is the newest stored state;
// references it does not have yet are planned and stored first, and the stored Cluster is returned through it. An error
// of kNotFound, kInvalid or kUnsupported is for the user and heals by a change of some object; others are worth a
// retry.
base::Status apply_topology(control::Manager& manager, ObjectPtr& cluster);

}  // namespace slipway::cluster
