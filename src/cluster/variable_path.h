#pragma once

#include <string_view>

#include "base/result.h"
#include "data/json.h"

namespace slipway::cluster {

using data::Json;

// The value at a ClusterClass variable path such as "builtin.cluster.network.pods[0]" (reference: Cluster API's patch
// engine). kNotFound when the path leads nowhere, kInvalid when it cannot be read or an index meets no list.
base::Result<Json> find_variable(const Json& variables, std::string_view path);

}  // namespace slipway::cluster
