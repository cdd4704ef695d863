#pragma once

#include <map>

#include "meta/gvk.h"
#include "registry/kind_strategy.h"
#include "registry/resource.h"

namespace slipway::registry {

// Adds Role, RoleBinding, ClusterRole and ClusterRoleBinding of rbac.authorization.k8s.io/v1 with Kubernetes' defaults
// and validation (pkg/apis/rbac). What they allow is decided by whoever authorizes requests.
void add_rbac_kinds(ResourceCatalog& catalog, std::map<meta::GroupKind, KindStrategy>& strategies);

}  // namespace slipway::registry
