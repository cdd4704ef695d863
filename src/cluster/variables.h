#pragma once

#include <string_view>

#include "registry/field_errors.h"

namespace slipway::cluster {

using data::Json;
using registry::FieldErrors;

// The values of a Cluster's spec.topology.variables against the definitions of its ClusterClass: unknown, doubled and
// missing variables and schema violations are reported with field paths below `path`; defaults are filled in. Returns
// the list to store; meaningful only when no error was added.
Json complete_variables(const Json& cluster_class, const Json& variables, std::string_view path, FieldErrors& errors);

// [{name, value}] as an object by name.
Json variables_by_name(const Json& variables);

// The definitions themselves: names, schemas that compile, defaults that fit.
void validate_definitions(const Json& cluster_class, FieldErrors& errors);

}  // namespace slipway::cluster
