#pragma once

#include <string>
#include <vector>

#include "registry/field_errors.h"

namespace slipway::cluster {

using data::Json;

// Which reference of the Cluster a template stands behind; selectors match by this role, not by the kind's name.
enum class TemplateRole { kInfrastructureCluster, kControlPlane, kControlPlaneMachines };

// A template on its way through the patches of a ClusterClass.
struct PatchedTemplate {
  TemplateRole role;
  Json object;
  Json builtin;  // variables that only patches of this template see, merged over the global ones
};

// Runs the inline patches in order over the templates. `variables` are the Cluster's by name, with "builtin". An error
// names the patch, and the template or operation.
base::Status apply_class_patches(const Json& cluster_class, const Json& variables,
                                 std::vector<PatchedTemplate>& templates);

// The limits Cluster API's admission puts on patches: operations add, replace and remove; paths below /spec or
// metadata's labels and annotations; list positions 0 and - and only for add; exactly one source of a value.
void validate_patches(const Json& cluster_class, registry::FieldErrors& errors);

}  // namespace slipway::cluster
