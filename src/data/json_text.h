#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "data/json.h"

namespace slipway::data {

// Strict RFC 8259: UTF-8 only, no duplicate keys, no trailing text, at most `max_depth` levels. Errors (kBadRequest)
// say line and column, or the key.
struct JsonLimits {
  std::size_t max_bytes = 32u << 20;
  std::size_t max_depth = 128;
  // Where the paths of keys that stand twice in an object are noted ("spec.items[0].name"); the last value counts.
  // Null: such a text is refused.
  std::vector<std::string>* duplicates = nullptr;
};
base::Result<Json> parse_json(std::string_view text, const JsonLimits& limits = {});

// Compact with indent 0, otherwise one member a line with that many spaces. Keys come out sorted.
std::string to_json(const Json& value, int indent = 0);
// The same, compact, behind what is in `out`.
void append_json(std::string& out, const Json& value);

// Appends `text` as a quoted JSON string.
void append_json_string(std::string& out, std::string_view text);

}  // namespace slipway::data
