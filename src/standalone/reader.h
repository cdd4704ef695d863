#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "data/json.h"
#include "standalone/problem.h"
#include "standalone/schema.h"

namespace slipway::standalone {

// A configuration's values by the schema, and where each stands. Values that are wrong are left out.
struct Values {
  data::Json json;                                   // what is null in the file is absent here
  std::map<std::string, Place, std::less<>> places;  // by field path, also of wrong values
  std::vector<Problem> problems;
  bool is_whole = true;  // false when the file could be read only in part
};

// Reads YAML and checks it against `schema`: structure, keys, types, single texts. Never fails: everything that is
// wrong is a problem. Pure.
Values read_values(std::string_view text, const Schema& schema);

}  // namespace slipway::standalone
