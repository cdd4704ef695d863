#pragma once

#include "base/result.h"
#include "data/json.h"

namespace slipway::registry {

// Bytes of an object's text; kube-apiserver takes requests of this size.
constexpr std::size_t kMaxObjectBytes = 3u << 20;
// Levels of nesting, well below what the JSON reader takes, so that whatever was stored can be read.
constexpr int kMaxObjectDepth = 100;

// Makes sure that the object can be written as JSON and read back: kBadRequest when it is nested too deeply or holds a
// number that JSON cannot; bytes that are no UTF-8 become U+FFFD, as Go's decoder does it.
base::Status make_storable(data::Json& object);

// kTooLarge above kMaxObjectBytes.
base::Status check_size(std::size_t bytes);

}  // namespace slipway::registry
