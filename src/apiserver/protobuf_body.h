#pragma once

#include <string_view>

#include "base/result.h"
#include "data/json.h"

namespace slipway::apiserver {

// Reads a request body in Kubernetes' protobuf envelope ("k8s\0" + runtime.Unknown), which kubectl and client-go send
// for the built-in kinds (protobuf_kinds.h lists them), into what the same client would have sent as JSON. Unknown
// fields are passed over, as protobuf says. kUnsupported for another kind, kBadRequest for broken bytes.
base::Result<data::Json> read_protobuf(std::string_view bytes);

}  // namespace slipway::apiserver
