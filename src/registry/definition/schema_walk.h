#pragma once

#include <fmt/core.h>
#include <initializer_list>
#include <string>
#include <string_view>

#include "data/json.h"

// The places in a schema document where other schemas stand. Internal to the files of this folder.
namespace slipway::registry {

// visit(const Json& child, const std::string& path_of_child)
template <typename Visit>
void for_each_subschema(const data::Json& schema, const std::string& path, Visit visit) {
  for (const auto& [name, child] : schema["properties"].members())
    visit(child, fmt::format("{}.properties[{}]", path, name));
  for (const std::string_view keyword : {"items", "additionalProperties", "not"})
    if (const data::Json& child = schema[keyword]; child.is_object()) visit(child, fmt::format("{}.{}", path, keyword));
  for (const std::string_view keyword : {"allOf", "anyOf", "oneOf"})
    for (std::size_t i = 0; i < schema[keyword].items().size(); ++i)
      visit(schema[keyword].items()[i], fmt::format("{}.{}[{}]", path, keyword, i));
}

// visit(Json& child)
template <typename Visit>
void for_each_subschema(data::Json& schema, Visit visit) {
  if (schema["properties"].is_object())
    for (auto& [name, child] : schema.at("properties").mutable_members()) visit(child);
  for (const std::string_view keyword : {"items", "additionalProperties", "not"})
    if (schema[keyword].is_object()) visit(schema.at(keyword));
  for (const std::string_view keyword : {"allOf", "anyOf", "oneOf"})
    if (schema[keyword].is_array())
      for (data::Json& child : schema.at(keyword).mutable_items()) visit(child);
}

}  // namespace slipway::registry
