#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "data/json.h"
#include "net/http_message.h"

namespace slipway::apiserver {

// "Application/JSON; charset=utf-8" -> "application/json".
std::string media_type(std::string_view content_type);

// The object in a request's body: JSON, YAML or Kubernetes' protobuf by its Content-Type (none: JSON). kUnsupported for
// another type, kBadRequest for text that is no object; the message names the `kind` that was expected.
// With `duplicates`, keys that stand twice in a JSON body are noted there and the last one counts; otherwise refused.
base::Result<data::Json> read_body(const net::HttpRequest& request, std::string_view kind,
                                   std::vector<std::string>* duplicates = nullptr);

}  // namespace slipway::apiserver
