#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "data/json.h"

namespace slipway::registry {

// The fieldPath of a rule (".spec.a", "['odd.name'].b") as errors write it ("spec.a"). kInvalid when it is no path, or
// names what the schema does not have.
base::Result<std::string> normalize_field_path(std::string_view path, const data::Json& schema);

}  // namespace slipway::registry
