#pragma once

#include <map>

#include "meta/gvk.h"
#include "registry/kind_strategy.h"
#include "registry/resource.h"

namespace slipway::registry {

// A kind of Kubernetes itself: one version, v1.
struct BuiltinKind {
  std::string group, kind, plural, singular;
  std::vector<std::string> short_names;
  bool namespaced;
  bool has_status;
  std::string_view schema;  // JSON
  std::vector<PrinterColumn> columns;
  std::vector<std::string> selectable_fields;
};
void add_builtin_kind(ResourceCatalog& catalog, const BuiltinKind& kind);

// Adds Namespace, Secret, ConfigMap, Event, Lease and the kinds of RBAC, with the validation of Kubernetes' own.
void add_builtin_kinds(ResourceCatalog& catalog, std::map<meta::GroupKind, KindStrategy>& strategies);

// Namespaces that are there from the start and cannot be deleted.
bool is_protected_namespace(std::string_view name);

}  // namespace slipway::registry
