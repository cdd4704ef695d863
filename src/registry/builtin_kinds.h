#pragma once

#include <map>

#include "meta/gvk.h"
#include "registry/kind_strategy.h"
#include "registry/resource.h"

namespace slipway::registry {

// Adds the compiled-in kinds of Kubernetes (builtin_kind.h lists them), with the validation of Kubernetes' own.
void add_builtin_kinds(ResourceCatalog& catalog, std::map<meta::GroupKind, KindStrategy>& strategies);

// Namespaces that are there from the start and cannot be deleted.
bool is_protected_namespace(std::string_view name);

}  // namespace slipway::registry
