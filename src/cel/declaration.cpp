#include "cel/declaration.h"

#include <algorithm>
#include <set>

#include "cel/field_names.h"

namespace slipway::cel {

using data::Json;
using Kind = Declaration::Kind;

namespace {

constexpr std::int64_t kLongestDuration = 32, kLongestTime = 32, kLengthOfDate = 12;

std::shared_ptr<Declaration> make(Kind kind, TypeRef type, std::int64_t min_size) {
  auto declaration = std::make_shared<Declaration>();
  declaration->kind = kind;
  declaration->type = std::move(type);
  declaration->min_serialized_size = min_size;
  return declaration;
}

std::int64_t bound(const Json& value) {
  return std::max<std::int64_t>(0, value.integer_or(0));
}

// A code point may take four bytes.
std::int64_t bytes_for(const Json& max_length) {
  const std::int64_t length = bound(max_length);
  return length > kLargestRequest * 1024 ? length : length * 4;
}

std::shared_ptr<Declaration> read_string(const Json& schema) {
  const std::string& format = schema.text({"format"});
  const Json& max_length = schema["maxLength"];
  if (format == "byte") {
    auto bytes = make(Kind::kBytes, types::bytes, 2);
    bytes->max_elements = max_length.is_number() ? bound(max_length) : kLargestRequest - 2;
    return bytes;
  }
  if (format == "duration") {
    auto duration = make(Kind::kDuration, types::duration, 3);
    duration->max_elements = kLongestDuration;
    return duration;
  }
  if (format == "date") {
    auto date = make(Kind::kDate, types::timestamp, kLengthOfDate);
    date->max_elements = kLengthOfDate;
    return date;
  }
  if (format == "date-time") {
    auto time = make(Kind::kTimestamp, types::timestamp, 21);
    time->max_elements = kLongestTime;
    return time;
  }
  auto string = make(Kind::kString, types::string, 2);
  string->max_elements = kLargestRequest - 2;
  if (max_length.is_number()) {
    string->max_elements = bytes_for(max_length);
  } else if (!schema["enum"].empty()) {
    string->max_elements = 0;
    for (const Json& item : schema["enum"].items())
      string->max_elements = std::max(string->max_elements, static_cast<std::int64_t>(item.string_or_empty().size()));
  }
  return string;
}

void read_list_kind(const Json& schema, Declaration& list) {
  const std::string& kind = schema.text({"x-kubernetes-list-type"});
  if (kind == "set") list.list_kind = Declaration::ListKind::kSet;
  if (kind != "map") return;
  list.list_kind = Declaration::ListKind::kMap;
  for (const Json& key : schema["x-kubernetes-list-map-keys"].items()) list.list_keys.push_back(key.string_or_empty());
}

DeclarationRef metadata_declaration() {
  static const DeclarationRef metadata = [] {
    auto object = make(Kind::kObject, nullptr, 2);
    auto text = make(Kind::kString, types::string, 2);
    text->max_elements = kLargestRequest - 2;
    object->properties = {{"name", text}, {"generateName", text}};
    auto type = std::make_shared<Type>();
    type->kind = TypeKind::kObject;
    type->name = "object";
    type->declaration = object.get();
    object->type = type;
    return object;
  }();
  return metadata;
}

}  // namespace

const Declaration* Declaration::field(std::string_view identifier) const {
  if (kind != Kind::kObject) return nullptr;
  const auto name = unescape_field(identifier);
  if (!name || escape_field(*name) != identifier) return nullptr;
  const auto found = properties.find(*name);
  return found == properties.end() ? nullptr : found->second.get();
}

DeclarationRef Declarations::read(const Json& schema, bool is_resource_root) {
  if (const auto found = known_.find(&schema); found != known_.end()) return found->second;
  std::shared_ptr<Declaration> result;
  const std::string& type = schema.text({"type"});
  if (schema["x-kubernetes-int-or-string"].bool_or(false)) {
    result = make(Kind::kIntOrString, types::dyn, 1);
    result->max_elements = schema["maxLength"].is_number() ? bytes_for(schema["maxLength"]) : kLargestRequest - 2;
  } else if (type == "array") {
    const Json& items = schema["items"];
    const auto item = items.is_object() ? read(items, items["x-kubernetes-embedded-resource"].bool_or(false)) : nullptr;
    if (item != nullptr) {
      result = make(Kind::kList, types::list(item->type), 2);
      result->element = item;
      result->max_elements = schema["maxItems"].is_number() ? bound(schema["maxItems"])
                                                            : (kLargestRequest - 2) / (item->min_serialized_size + 1);
      read_list_kind(schema, *result);
    }
  } else if (type == "object") {
    result = std::const_pointer_cast<Declaration>(read_object(schema, is_resource_root));
  } else if (type == "string") {
    result = read_string(schema);
  } else if (type == "boolean") {
    result = make(Kind::kBool, types::boolean, 4);
  } else if (type == "number") {
    result = make(Kind::kDouble, types::floating, 1);
  } else if (type == "integer") {
    result = make(Kind::kInt, types::integer, 1);
  }
  if (result != nullptr) result->nullable = schema["nullable"].bool_or(false);
  known_.emplace(&schema, result);
  return result;
}

DeclarationRef Declarations::read_object(const Json& schema, bool is_resource_root) {
  const Json& additional = schema["additionalProperties"];
  if (additional.is_object() && !is_resource_root) {
    const auto value = read(additional, additional["x-kubernetes-embedded-resource"].bool_or(false));
    if (value == nullptr) return nullptr;
    auto map = make(Kind::kMap, types::map(types::string, value->type), 2);
    map->element = value;
    map->max_elements = schema["maxProperties"].is_number() ? bound(schema["maxProperties"])
                                                            : (kLargestRequest - 2) / (value->min_serialized_size + 6);
    return map;
  }
  auto object = make(Kind::kObject, nullptr, 2);
  std::set<std::string_view> required;
  for (const Json& name : schema["required"].items()) required.insert(name.string_or_empty());
  for (const auto& [name, property] : schema["properties"].members()) {
    if (is_resource_root && (name == "kind" || name == "apiVersion" || name == "metadata")) continue;
    const auto declared = read(property, property["x-kubernetes-embedded-resource"].bool_or(false));
    object->properties.emplace(name, declared);
    if (declared != nullptr && required.contains(name) && !property.contains("default"))
      object->min_serialized_size += static_cast<std::int64_t>(name.size()) + declared->min_serialized_size + 4;
  }
  if (is_resource_root) {
    auto text = make(Kind::kString, types::string, 2);
    text->max_elements = kLargestRequest - 2;
    object->properties.emplace("kind", text);
    object->properties.emplace("apiVersion", text);
    object->properties.emplace("metadata", metadata_declaration());
  }
  auto type = std::make_shared<Type>();
  type->kind = TypeKind::kObject;
  type->name = "object";
  type->declaration = object.get();
  object->type = type;
  return object;
}

}  // namespace slipway::cel
