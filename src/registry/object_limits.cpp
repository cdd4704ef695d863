#include "registry/object_limits.h"

#include <cmath>
#include <fmt/core.h>

#include "data/encoding.h"

namespace slipway::registry {

using base::ErrorCode;
using base::fail;
using data::Json;

namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

// Bytes of the valid UTF-8 character at the start of `text`; 0 when there is none.
std::size_t character_length(std::string_view text) {
  for (std::size_t length = 1; length <= 4 && length <= text.size(); ++length)
    if (data::is_valid_utf8(text.substr(0, length))) return length;
  return 0;
}

std::string repair(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t length = character_length(text);
    out += length == 0 ? kReplacement : text.substr(0, length);
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return out;
}

base::Status visit(Json& value, int depth) {
  if (depth > kMaxObjectDepth)
    return fail(ErrorCode::kBadRequest, fmt::format("the object is nested more than {} levels deep", kMaxObjectDepth));
  if (value.is_string()) {
    if (!data::is_valid_utf8(value.string_or_empty())) value = repair(value.string_or_empty());
  } else if (value.is_array()) {
    for (Json& item : value.mutable_items()) SLIPWAY_TRY(visit(item, depth + 1));
  } else if (value.is_object()) {
    for (auto& [key, member] : value.mutable_members()) {
      if (!data::is_valid_utf8(key)) return fail(ErrorCode::kBadRequest, "the object has a key that is no UTF-8");
      SLIPWAY_TRY(visit(member, depth + 1));
    }
  } else if (value.kind() == Json::Kind::kDouble && !std::isfinite(value.number_or(0))) {
    return fail(ErrorCode::kBadRequest, "the object has a number that is not finite");
  }
  return {};
}

}  // namespace

base::Status make_storable(Json& object) {
  return visit(object, 0);
}

base::Status check_size(std::size_t bytes) {
  if (bytes <= kMaxObjectBytes) return {};
  return fail(ErrorCode::kTooLarge, fmt::format("Request entity too large: limit is {}", kMaxObjectBytes));
}

}  // namespace slipway::registry
