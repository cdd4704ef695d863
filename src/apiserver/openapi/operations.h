#pragma once

#include "data/json.h"
#include "registry/resource.h"

namespace slipway::apiserver {

// Adds the paths of a kind (list, create, get, ... and subresources) to the `paths` of an OpenAPI v3 document, with
// x-kubernetes-action and x-kubernetes-group-version-kind on every operation.
void add_paths(const registry::ResourceVersionInfo& info, data::Json& paths);

}  // namespace slipway::apiserver
