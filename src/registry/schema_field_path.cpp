#include "registry/schema_field_path.h"

#include <fmt/core.h>

namespace slipway::registry {

using base::ErrorCode;
using base::fail;
using data::Json;

namespace {

base::Result<std::string> take_quoted(std::string_view& rest) {
  if (!rest.starts_with('\''))
    return fail(ErrorCode::kInvalid, fmt::format("expected single quoted string but got {}", rest));
  rest.remove_prefix(1);
  std::string name;
  while (!rest.starts_with('\'')) {
    if (rest.starts_with('\\')) {
      constexpr std::string_view kLetters = "abfnrtv'\\", kMeanings = "\a\b\f\n\r\t\v'\\";
      const auto found = rest.size() > 1 ? kLetters.find(rest[1]) : kLetters.npos;
      if (found == kLetters.npos)
        return fail(ErrorCode::kInvalid,
                    fmt::format("invalid string literal: invalid escape char {}", rest.substr(0, 2)));
      name += kMeanings[found];
      rest.remove_prefix(2);
    } else if (rest.empty()) {
      return fail(ErrorCode::kInvalid, "unexpected end of JSON path");
    } else {
      name += rest[0];
      rest.remove_prefix(1);
    }
  }
  rest.remove_prefix(1);
  if (!rest.starts_with(']')) return fail(ErrorCode::kInvalid, fmt::format("expected ] but got {}", rest));
  rest.remove_prefix(1);
  return name;
}

}  // namespace

base::Result<std::string> normalize_field_path(std::string_view path, const Json& schema) {
  std::string normal;
  const Json* level = &schema;
  while (!path.empty()) {
    const bool is_bracket = path.starts_with('[');
    if (!is_bracket && !path.starts_with('.'))
      return fail(ErrorCode::kInvalid, fmt::format("expected [ or . but got: {}", path));
    path.remove_prefix(1);
    std::string name;
    if (is_bracket) {
      name = SLIPWAY_TRY(take_quoted(path));
    } else {
      const auto end = std::min(path.find_first_of(".[]"), path.size());
      if (end == 0) return fail(ErrorCode::kInvalid, "unexpected end of JSON path");
      name = path.substr(0, end);
      path.remove_prefix(end);
    }
    if (level->contains("properties")) {
      if (!(*level)["properties"].contains(name)) return fail(ErrorCode::kInvalid, "does not refer to a valid field");
      level = &(*level)["properties"][name];
      normal += (normal.empty() ? "" : ".") + name;
    } else if ((*level)["additionalProperties"].is_object()) {
      level = &(*level)["additionalProperties"];
      normal += fmt::format("[{}]", name);
    } else {
      return fail(ErrorCode::kInvalid, "does not refer to a valid field");
    }
  }
  return normal;
}

}  // namespace slipway::registry
