#include "registry/schema_validation.h"

#include <algorithm>
#include <cmath>
#include <fmt/core.h>
#include <limits>
#include <re2/re2.h>
#include <set>

#include "data/json_text.h"
#include "registry/string_format.h"

namespace slipway::registry {

using data::Json;

namespace {

bool is_whole(const Json& value) {
  if (value.is_integer()) return true;
  const double number = value.number_or(0.5);
  return value.is_number() && std::floor(number) == number;
}

std::string_view value_type_name(const Json& value) {
  return value.is_number() && is_whole(value) ? "integer" : data::kind_name(value.kind());
}

std::string_view schema_type_name(const SchemaNode& node) {
  if (node.int_or_string) return "integer,string";
  switch (node.type) {
    case SchemaType::kAny:
      return "";
    case SchemaType::kObject:
      return "object";
    case SchemaType::kArray:
      return "array";
    case SchemaType::kString:
      return "string";
    case SchemaType::kInteger:
      return "integer";
    case SchemaType::kNumber:
      return "number";
    case SchemaType::kBoolean:
      return "boolean";
  }
  return "";
}

bool fits_type(const Json& value, const SchemaNode& node) {
  if (node.int_or_string) return value.is_string() || (value.is_number() && is_whole(value));
  switch (node.type) {
    case SchemaType::kAny:
      return true;
    case SchemaType::kObject:
      return value.is_object();
    case SchemaType::kArray:
      return value.is_array();
    case SchemaType::kString:
      return value.is_string();
    case SchemaType::kInteger:
      return value.is_number() && is_whole(value);
    case SchemaType::kNumber:
      return value.is_number();
    case SchemaType::kBoolean:
      return value.is_bool();
  }
  return false;
}

std::int64_t count_code_points(std::string_view text) {
  return std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; });
}

std::string child_path(const std::string& path, std::string_view name) {
  return path.empty() ? std::string(name) : fmt::format("{}.{}", path, name);
}

}  // namespace

void SchemaValidator::validate(const Json& value, const SchemaNode& node, const std::string& path, bool is_root) {
  if (value.is_null() && node.nullable) return;
  if (!has_right_type(value, node, path)) return;
  if (value.is_object()) check_object(value, node, path, is_root);
  if (value.is_array()) check_array(value, node, path);
  if (node.rules != nullptr) check_rules(value, *node.rules, path);
}

bool SchemaValidator::has_right_type(const Json& value, const SchemaNode& node, const std::string& path) {
  if (fits_type(value, node)) return true;
  const std::string_view actual = value_type_name(value);
  errors_.push_back(invalid_type(
      path, actual, fmt::format("{} in body must be of type {}: \"{}\"", path, schema_type_name(node), actual)));
  return false;
}

void SchemaValidator::check_object(const Json& value, const SchemaNode& node, const std::string& path, bool is_root) {
  for (const std::string& name : node.required)
    if (!value.contains(name)) errors_.push_back(required_value(child_path(path, name)));
  if (node.embedded_resource && !is_root) check_embedded_resource(value, path);
  for (const auto& [name, member] : value.members())
    if (const SchemaNode* child = node.member(name); child != nullptr)
      if (!(node.embedded_resource && is_resource_member(name))) validate(member, *child, child_path(path, name));
}

void SchemaValidator::check_embedded_resource(const Json& value, const std::string& path) {
  for (const std::string_view name : {"apiVersion", "kind"}) {
    const Json& member = value[name];
    if (!member.is_null() && !member.is_string())
      errors_.push_back(invalid_type(child_path(path, name), data::kind_name(member.kind()), "must be a string"));
    else if (member.empty())
      errors_.push_back(required_value(child_path(path, name), "must not be empty"));
  }
  const Json& metadata = value["metadata"];
  if (!metadata.is_null() && !metadata.is_object())
    errors_.push_back(
        invalid_type(child_path(path, "metadata"), data::kind_name(metadata.kind()), "must be an object"));
}

void SchemaValidator::check_array(const Json& value, const SchemaNode& node, const std::string& path) {
  if (node.items == nullptr) return;
  for (std::size_t i = 0; i < value.items().size(); ++i)
    validate(value.items()[i], *node.items, fmt::format("{}[{}]", path, i));
}

void SchemaValidator::check_rules(const Json& value, const SchemaRules& rules, const std::string& path) {
  if (!rules.enum_values.empty() && std::ranges::find(rules.enum_values, value) == rules.enum_values.end())
    errors_.push_back(unsupported_value(path, value, rules.enum_values));
  if (value.is_string()) check_string(value, rules, path);
  if (value.is_number()) check_number(value, rules, path);
  if (value.is_object() || value.is_array()) check_sizes(value, rules, path);
  if (value.is_array()) check_list_type(value, rules, path);
  check_combinations(value, rules, path);
}

void SchemaValidator::check_string(const Json& value, const SchemaRules& rules, const std::string& path) {
  const std::string& text = value.string_or_empty();
  if (rules.min_length || rules.max_length) {
    const std::int64_t length = count_code_points(text);
    if (rules.max_length && length > *rules.max_length) errors_.push_back(too_long(path, *rules.max_length));
    if (rules.min_length && length < *rules.min_length)
      errors_.push_back(invalid_value(
          path, value, fmt::format("{} in body should be at least {} chars long", path, *rules.min_length)));
  }
  if (rules.pattern != nullptr && !RE2::PartialMatch(text, *rules.pattern))
    errors_.push_back(
        invalid_value(path, value, fmt::format("{} in body should match '{}'", path, rules.pattern_text)));
  if (!rules.format.empty() && !matches_format(text, rules.format)) {
    std::string quoted;
    data::append_json_string(quoted, text);
    errors_.push_back(
        invalid_type(path, value, fmt::format("{} in body must be of type {}: {}", path, rules.format, quoted)));
  }
}

void SchemaValidator::check_number(const Json& value, const SchemaRules& rules, const std::string& path) {
  const double number = value.number_or(0);
  const auto fail = [&](std::string detail) { errors_.push_back(invalid_value(path, value, detail)); };
  const bool is_int32 = rules.format == "int32";
  const double limit = is_int32 ? 0x1p31 : 0x1p63;
  const bool is_checked = is_int32 || (rules.format == "int64" && !value.is_integer());
  // The message names the place, the field does not: so it is in kube-apiserver's answer.
  if (is_checked && (number < -limit || number >= limit))
    errors_.push_back(invalid_value(
        "<nil>", "", fmt::format("Checked value must be of type integer with format {} in {}", rules.format, path)));
  if (rules.multiple_of) {
    const double quotient = number / *rules.multiple_of;
    if (std::floor(quotient) != quotient)
      fail(fmt::format("{} in body should be a multiple of {}", path, *rules.multiple_of));
  }
  if (rules.maximum && (rules.exclusive_maximum ? number >= *rules.maximum : number > *rules.maximum))
    fail(fmt::format("{} in body should be less than {}{}", path, rules.exclusive_maximum ? "" : "or equal to ",
                     *rules.maximum));
  if (rules.minimum && (rules.exclusive_minimum ? number <= *rules.minimum : number < *rules.minimum))
    fail(fmt::format("{} in body should be greater than {}{}", path, rules.exclusive_minimum ? "" : "or equal to ",
                     *rules.minimum));
}

void SchemaValidator::check_sizes(const Json& value, const SchemaRules& rules, const std::string& path) {
  const auto size = static_cast<std::int64_t>(value.size());
  const bool is_array = value.is_array();
  const auto& most = is_array ? rules.max_items : rules.max_properties;
  const auto& least = is_array ? rules.min_items : rules.min_properties;
  if (most && size > *most) errors_.push_back(too_many(path, size, *most));
  if (least && size < *least)
    errors_.push_back(invalid_value(
        path, size,
        fmt::format("{} in body should have at least {} {}", path, *least, is_array ? "items" : "properties")));
}

void SchemaValidator::check_list_type(const Json& value, const SchemaRules& rules, const std::string& path) {
  const bool by_key = !rules.list_map_keys.empty();
  if (!rules.unique_items && !rules.list_set && !by_key) return;
  std::set<std::string> seen;
  for (std::size_t i = 0; i < value.items().size(); ++i) {
    Json identity = value.items()[i];
    if (by_key) {
      Json key = Json::object();
      for (const std::string& name : rules.list_map_keys)
        if (const Json& part = identity[name]; !part.is_null()) key.set(name, part);
      identity = std::move(key);
    }
    if (seen.insert(data::to_json(identity)).second) continue;
    if (rules.list_set || by_key)
      errors_.push_back(duplicate_value(fmt::format("{}[{}]", path, i), identity));
    else
      errors_.push_back(invalid_value(path, value, fmt::format("{} in body shouldn't contain duplicates", path)));
  }
}

void SchemaValidator::add_combination_error(std::string message) {
  // The field really is "<nil>" in kube-apiserver's answer: the message names the place.
  errors_.push_back(invalid_value("<nil>", "", message));
}

void SchemaValidator::check_combinations(const Json& value, const SchemaRules& rules, const std::string& path) {
  const auto errors_of = [&](const SchemaNode& node) {
    FieldErrors found;
    // Alternatives describe parts of the same value, so the root's own members stay out of them.
    SchemaValidator(found).validate(value, node, path);
    return found;
  };
  const auto choose = [&](const std::vector<SchemaNode>& alternatives, FieldErrors& closest) {
    std::size_t valid = 0;
    bool first = true;
    for (const SchemaNode& node : alternatives) {
      FieldErrors found = errors_of(node);
      if (found.empty()) ++valid;
      if (first || found.size() < closest.size()) closest = std::move(found);
      first = false;
    }
    return valid;
  };
  FieldErrors closest;
  if (!rules.any_of.empty() && choose(rules.any_of, closest) == 0) {
    add_combination_error(fmt::format("\"{}\" must validate at least one schema (anyOf)", path));
    errors_.insert(errors_.end(), closest.begin(), closest.end());
  }
  if (!rules.one_of.empty()) {
    const std::size_t valid = choose(rules.one_of, closest);
    if (valid != 1)
      add_combination_error(
          fmt::format("\"{}\" must validate one and only one schema (oneOf). Found {}", path,
                      valid == 0 ? std::string("none valid") : fmt::format("{} valid alternatives", valid)));
    if (valid == 0) errors_.insert(errors_.end(), closest.begin(), closest.end());
  }
  std::size_t valid_parts = 0;
  for (const SchemaNode& node : rules.all_of) {
    FieldErrors found = errors_of(node);
    if (found.empty()) ++valid_parts;
    errors_.insert(errors_.end(), found.begin(), found.end());
  }
  if (valid_parts != rules.all_of.size())
    add_combination_error(fmt::format("\"{}\" must validate all the schemas (allOf){}", path,
                                      valid_parts == 0 ? ". None validated" : ""));
  if (rules.none_of != nullptr && errors_of(*rules.none_of).empty())
    add_combination_error(fmt::format("\"{}\" must not validate the schema (not)", path));
}

}  // namespace slipway::registry
