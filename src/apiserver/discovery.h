#pragma once

#include <optional>
#include <string_view>

#include "data/json.h"
#include "registry/resource.h"

// The documents by which clients learn what is served. Pure functions over the catalog.
namespace slipway::apiserver {

data::Json api_versions(std::string_view server_address);                                               // /api
data::Json api_group_list(const registry::ResourceCatalog& catalog);                                    // /apis
std::optional<data::Json> api_group(const registry::ResourceCatalog& catalog, std::string_view group);  // /apis/<g>
// /api/v1 and /apis/<g>/<v>: none when nothing of it is served.
std::optional<data::Json> api_resource_list(const registry::ResourceCatalog& catalog, std::string_view group,
                                            std::string_view version);
// /api (core only) or /apis (all but core) in one document, apidiscovery.k8s.io/<version>.
data::Json aggregated_discovery(const registry::ResourceCatalog& catalog, bool core, std::string_view version);

// The versions of a group that are served, the preferred one first (Kubernetes' order: v2, v1, v1beta2, v1alpha1).
std::vector<std::string> served_versions(const registry::ResourceCatalog& catalog, std::string_view group);

}  // namespace slipway::apiserver
