#pragma once

#include <string_view>

// The schemas of rbac.authorization.k8s.io/v1, as those in builtin_schemas.h.
namespace slipway::registry {

extern const std::string_view kRoleSchema;
extern const std::string_view kRoleBindingSchema;
extern const std::string_view kClusterRoleSchema;
extern const std::string_view kClusterRoleBindingSchema;

}  // namespace slipway::registry
