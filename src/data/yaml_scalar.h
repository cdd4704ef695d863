#pragma once

#include <string_view>

#include "data/yaml.h"

namespace slipway::data {

// The JSON value of a plain (unquoted) YAML scalar.
Json resolve_plain_scalar(std::string_view text, YamlDialect dialect);

}  // namespace slipway::data
