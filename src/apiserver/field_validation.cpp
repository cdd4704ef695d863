#include "apiserver/field_validation.h"

#include <fmt/core.h>

#include "registry/schema.h"

namespace slipway::apiserver {

using data::Json;

namespace {

// What `full` has and `pruned` lacks; pruning removes members only, so lists keep their items.
void collect(const Json& full, const Json& pruned, const std::string& path, std::vector<std::string>& out) {
  for (const auto& [name, value] : full.members()) {
    const std::string below = path.empty() ? name : path + "." + name;
    if (!pruned.contains(name)) {
      out.push_back(below);
    } else {
      collect(value, pruned[name], below, out);
    }
  }
  for (std::size_t i = 0; i < full.items().size() && i < pruned.items().size(); ++i)
    collect(full.items()[i], pruned.items()[i], fmt::format("{}[{}]", path, i), out);
}

}  // namespace

base::Result<FieldValidation> parse_field_validation(std::string_view text) {
  if (text.empty() || text == "Warn") return FieldValidation::kWarn;
  if (text == "Ignore") return FieldValidation::kIgnore;
  if (text == "Strict") return FieldValidation::kStrict;
  return base::fail(base::ErrorCode::kBadRequest,
                    fmt::format("invalid fieldValidation \"{}\": supported values: Ignore, Strict, Warn", text));
}

std::vector<std::string> unknown_fields(const registry::ResourceVersionInfo& resource, const Json& object) {
  std::vector<std::string> out;
  if (resource.schema == nullptr) return out;
  Json pruned = object;
  resource.schema->prune(pruned);
  collect(object, pruned, "", out);
  return out;
}

}  // namespace slipway::apiserver
