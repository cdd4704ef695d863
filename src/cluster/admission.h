#pragma once

#include <functional>

#include "base/clock.h"
#include "registry/registry.h"

namespace slipway::cluster {

// Looks a ClusterClass up while a Cluster is admitted; null when it is not there (yet).
using ClassLookup = std::function<meta::ObjectPtr(const meta::ObjectKey& key)>;

// Cluster: topology version and class name, variables against the class (which also fills in their defaults), the
// limits of this version (one server, no worker machines), immutable fields. A class that is not there yet is no error:
// manifests may come in any order, the condition TopologyReconciled says what is missing. Notes the time of creation
// for the timeline. All three work on v1beta1 objects as well as on v1beta2 ones.
registry::Admission cluster_admission(base::Clock& clock, ClassLookup find_class);

// ClusterClass: variable definitions and patches.
registry::Admission cluster_class_admission();

// Machine: the Cluster it names, its references, its version.
registry::Admission machine_admission();

}  // namespace slipway::cluster
