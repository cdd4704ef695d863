#include "cluster/variable_path.h"

#include <charconv>
#include <fmt/core.h>
#include <optional>

namespace slipway::cluster {

using base::ErrorCode;
using base::Result;

namespace {

struct Segment {
  std::string_view name;
  std::optional<std::size_t> index;
};

Result<Segment> parse_segment(std::string_view text, std::string_view path) {
  const auto bad = [&](std::string_view why) {
    return base::fail(ErrorCode::kInvalid, fmt::format("variable path '{}': {}", path, why));
  };
  const auto open = text.find('[');
  if (open == std::string_view::npos) {
    if (text.empty() || text.find(']') != std::string_view::npos) return bad("a name is empty or has a lone ]");
    return Segment{text, std::nullopt};
  }
  const auto digits = text.substr(open + 1);
  std::size_t index = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), index);
  if (open == 0 || error != std::errc() || std::string_view(end, digits.data() + digits.size()) != "]")
    return bad("an index must look like name[0]");
  return Segment{text.substr(0, open), index};
}

}  // namespace

Result<Json> find_variable(const Json& variables, std::string_view path) {
  const Json* value = &variables;
  std::string_view rest = path;
  while (true) {
    const auto dot = rest.find('.');
    const Segment segment = SLIPWAY_TRY(parse_segment(rest.substr(0, dot), path));
    if (!value->is_object() || !value->contains(segment.name))
      return base::fail(ErrorCode::kNotFound,
                        fmt::format("variable '{}' has no value ('{}' is not set)", path, segment.name));
    value = &(*value)[segment.name];
    if (segment.index) {
      if (!value->is_array())
        return base::fail(ErrorCode::kInvalid, fmt::format("variable path '{}': '{}' is no list", path, segment.name));
      if (*segment.index >= value->size())
        return base::fail(ErrorCode::kInvalid, fmt::format("variable path '{}': index {} is out of range ({} items)",
                                                           path, *segment.index, value->size()));
      value = &value->items()[*segment.index];
    }
    if (dot == std::string_view::npos) return *value;
    rest.remove_prefix(dot + 1);
  }
}

}  // namespace slipway::cluster
