#pragma once

#include <string>

#include "data/json.h"

namespace slipway::standalone {

// The configuration's JSON Schema (draft 2020-12) with descriptions and examples, from the same table as the checker.
// It knows structure and the form of single texts; what fields mean to each other only the checker knows.
data::Json json_schema();
std::string json_schema_text();

}  // namespace slipway::standalone
