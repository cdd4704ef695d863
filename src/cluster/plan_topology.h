#pragma once

#include <optional>

#include "base/random.h"
#include "cluster/json_patches.h"
#include "meta/object.h"

// ClusterClass topology as functions from objects to objects (reference: Cluster API's ClusterClass engine).
namespace slipway::cluster {

// The class and the templates it refers to, as read.
struct ClassTemplates {
  Json cluster_class;
  Json infrastructure_cluster;
  Json control_plane;
  Json machine_infrastructure;  // null: the class has none
};

struct TopologyPlan {
  Json infrastructure_cluster;
  Json control_plane;
  std::optional<Json> machine_template;  // the Cluster's own copy; its name changes with its content
};

// Gives spec.infrastructureRef and spec.controlPlaneRef names unless they have them. Must be stored before anything is
// created, so that a crash in between creates nothing twice. True when it changed the Cluster.
base::Result<bool> plan_references(Json& cluster, const Json& cluster_class, base::Random& random);

// The objects the Cluster needs, as they should be. The Cluster must have its references. Variables are taken as they
// are stored on the Cluster, completed with the class's defaults. kInvalid and kUnsupported name the variable, the
// patch or the template that is wrong.
base::Result<TopologyPlan> plan_topology(const Json& cluster, const ClassTemplates& templates);

// `current` with everything `desired` says. What `desired` said at the last write (kept in an annotation) and does not
// say any more is removed; what others wrote stays.
Json merge_desired(const Json& current, const Json& desired);

// The reserved variable: builtin.cluster.*, and builtin.controlPlane.* for the control-plane templates.
Json cluster_builtin(const Json& cluster);

}  // namespace slipway::cluster
