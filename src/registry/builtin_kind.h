#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "registry/kind_strategy.h"
#include "registry/resource.h"

// The rows of the table of kinds that are compiled in, one file per family. Internal to builtin_kinds.cpp.
namespace slipway::registry {

struct BuiltinKind {
  std::string group, version, kind, plural, singular;
  std::vector<std::string> short_names;
  std::vector<std::string> categories;
  bool namespaced = true;
  bool has_status = false;
  std::string_view schema;  // JSON
  std::vector<PrinterColumn> columns;
  std::vector<std::string> selectable_fields;
  KindStrategy strategy;
  meta::GroupKind stored_as;  // another kind of the table, before this one; empty: stored as itself
};

inline const PrinterColumn kAgeColumn{"Age", "date", "", "", ".metadata.creationTimestamp", 0};

std::vector<BuiltinKind> core_kinds();          // Namespace, Secret, ConfigMap, ServiceAccount, Node
std::vector<BuiltinKind> coordination_kinds();  // Lease
std::vector<BuiltinKind> event_kinds();         // Event of the core group and of events.k8s.io
// Role, ClusterRole, RoleBinding, ClusterRoleBinding. What they allow is decided by whoever authorizes requests.
std::vector<BuiltinKind> rbac_kinds();
std::vector<BuiltinKind> definition_kinds();  // CustomResourceDefinition

}  // namespace slipway::registry
