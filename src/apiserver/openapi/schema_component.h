#pragma once

#include <string>

#include "data/json.h"
#include "registry/resource.h"

namespace slipway::apiserver {

// The name a kind has among the schemas of a document: "io.k8s.api.core.v1.ConfigMap" for kinds of Kubernetes itself,
// "com.example.v1.Widget" for custom ones.
std::string component_name(const registry::ResourceVersionInfo& info, std::string_view kind);

// Adds the schemas of a kind and of its list to components.schemas: the declared schema with the members every object
// has (apiVersion, kind, metadata), also in embedded resources. Named parts of built-in kinds become schemas of their
// own.
void add_kind_components(const registry::ResourceVersionInfo& info, data::Json& schemas);

}  // namespace slipway::apiserver
