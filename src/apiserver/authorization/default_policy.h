#pragma once

#include <optional>
#include <vector>

#include "base/result.h"
#include "data/json.h"
#include "registry/registry.h"

// The roles and bindings that are there from the start (default_policy.yaml).
namespace slipway::apiserver {

// ClusterRoles before ClusterRoleBindings, as objects to create.
base::Result<std::vector<data::Json>> default_policy();

// `present` with what it lacks of `expected`: rules, selectors, subjects, labels, annotations; nothing when it lacks
// nothing or must not be touched. Only additions, as k8s.io/component-helpers/auth/rbac/reconciliation does at the
// start of kube-apiserver.
std::optional<data::Json> reconciled(const data::Json& present, const data::Json& expected);

// Makes and completes them in the registry; the error names the object.
base::Status write_default_policy(registry::Registry& registry);

}  // namespace slipway::apiserver
