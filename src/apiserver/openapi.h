#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "data/json.h"
#include "registry/resource.h"

// The part of OpenAPI v3 that kubectl needs to leave validation to the server: which kinds can be patched with the
// fieldValidation parameter. Schemas and the other operations are not described yet.
namespace slipway::apiserver {

data::Json openapi_index(const registry::ResourceCatalog& catalog);  // /openapi/v3
// /openapi/v3/api/v1, /openapi/v3/apis/<g>/<v>; `path` is what follows /openapi/v3/.
std::optional<data::Json> openapi_group_version(const registry::ResourceCatalog& catalog, std::string_view path);

}  // namespace slipway::apiserver
