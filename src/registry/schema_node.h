#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "data/json.h"

namespace re2 {
class RE2;
}

namespace slipway::registry {

// The compiled form of one level of a structural schema. Internal to the schema files.
struct SchemaNode;
enum class SchemaType { kAny, kObject, kArray, kString, kInteger, kNumber, kBoolean };

// Rules that most nodes do not have; apart, because the schemas of Cluster API have thousands of nodes.
struct SchemaRules {
  ~SchemaRules();
  std::vector<data::Json> enum_values;
  std::string pattern_text;
  std::unique_ptr<re2::RE2> pattern;
  std::string format;
  std::optional<double> minimum, maximum, multiple_of;
  bool exclusive_minimum = false, exclusive_maximum = false;
  std::optional<std::int64_t> min_length, max_length, min_items, max_items, min_properties, max_properties;
  bool unique_items = false;
  bool list_set = false;
  std::vector<std::string> list_map_keys;  // not empty: x-kubernetes-list-type: map
  std::vector<SchemaNode> all_of, any_of, one_of;
  std::unique_ptr<SchemaNode> none_of;  // "not"
};

struct SchemaNode {
  SchemaType type = SchemaType::kAny;
  bool nullable = false;
  bool preserve_unknown = false;
  bool int_or_string = false;
  bool embedded_resource = false;
  bool map_atomic = false;      // x-kubernetes-map-type: atomic, for server-side apply
  bool any_additional = false;  // additionalProperties: true
  std::optional<data::Json> default_value;
  std::map<std::string, SchemaNode, std::less<>> properties;
  std::vector<std::string> required;
  std::unique_ptr<SchemaNode> additional;  // additionalProperties: {schema}
  std::unique_ptr<SchemaNode> items;
  std::unique_ptr<SchemaRules> rules;  // null: none

  // The schema of a member, or null when this level does not name it.
  const SchemaNode* member(std::string_view name) const;
};

inline bool is_resource_member(std::string_view name) {
  return name == "apiVersion" || name == "kind" || name == "metadata";
}

}  // namespace slipway::registry
