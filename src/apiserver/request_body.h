#pragma once

#include <string_view>

#include "base/result.h"
#include "data/json.h"
#include "net/http_message.h"

namespace slipway::apiserver {

// "Application/JSON; charset=utf-8" -> "application/json".
std::string media_type(std::string_view content_type);

// The object in a request's body: JSON, YAML or Kubernetes' protobuf by its Content-Type (none: JSON). kUnsupported for
// another type, kBadRequest for text that is no object; the message names the `kind` that was expected.
base::Result<data::Json> read_body(const net::HttpRequest& request, std::string_view kind);

}  // namespace slipway::apiserver
