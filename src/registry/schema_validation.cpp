#include "registry/schema_validation.h"

#include <algorithm>
#include <cmath>
#include <fmt/core.h>
#include <map>
#include <re2/re2.h>

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

bool is_checked_format(const SchemaNode& node, std::string_view format) {
  switch (node.type) {
    case SchemaType::kAny:
    case SchemaType::kString:
      return is_known_format(format);
    case SchemaType::kInteger:
      return format == "int32" || format == "int64";
    case SchemaType::kNumber:
      return format == "float" || format == "double";
    default:
      return false;
  }
}

std::int64_t count_code_points(std::string_view text) {
  return std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; });
}

std::string child_path(const std::string& path, std::string_view name) {
  return path.empty() ? std::string(name) : fmt::format("{}.{}", path, name);
}

}  // namespace

void SchemaValidator::validate(const Json& value, const SchemaNode& node, const std::string& path, bool is_root) {
  // The order of kube-apiserver's validators; like there, a value of the wrong type is still held against the rules for
  // its own type.
  check_type(value, node, path);
  const SchemaRules* rules = node.rules.get();
  if (value.is_null()) {
    if (rules != nullptr) check_enum_and_size(value, *rules, path);
    return;
  }
  if (rules != nullptr) check_combinations(value, *rules, path);
  if (rules != nullptr && value.is_string()) check_string(value, *rules, path);
  if (value.is_number() && node.type == SchemaType::kInteger) check_integer_range(value, node, path);
  if (rules != nullptr && value.is_number()) check_number(value, *rules, path);
  if (value.is_array()) check_array(value, node, path);
  if (rules != nullptr) check_enum_and_size(value, *rules, path);
  if (value.is_object()) check_object(value, node, path, is_root);
}

void SchemaValidator::check_type(const Json& value, const SchemaNode& node, const std::string& path) {
  if (fits_type(value, node) || (value.is_null() && node.nullable)) return;
  std::string_view expected = schema_type_name(node), actual = value_type_name(value);
  // A node with a format names that one, against the format that numbers have by themselves.
  const std::string_view format = node.rules != nullptr ? std::string_view(node.rules->format) : std::string_view();
  if (is_checked_format(node, format) && !value.is_null() && !value.is_string() && !value.is_array()) {
    expected = format;
    actual = value.is_integer() ? "int64" : value.is_number() ? "float64" : "";
  }
  errors_.push_back(
      invalid_type(path, actual, fmt::format("{} in body must be of type {}: \"{}\"", path, expected, actual)));
}

void SchemaValidator::check_integer_range(const Json& value, const SchemaNode& node, const std::string& path) {
  const std::string_view format = node.rules != nullptr ? node.rules->format : std::string_view();
  const double number = value.number_or(0);
  const double limit = format == "int32" ? 0x1p31 : 0x1p63;
  const bool fits = is_whole(value) && number >= -limit && (number < limit || (value.is_integer() && limit == 0x1p63));
  if (fits) return;
  // The message names the place, the field does not: so it is in kube-apiserver's answer.
  const std::string with =
      format == "int32" || format == "int64" ? fmt::format("with format {}", format) : std::string("(default format)");
  errors_.push_back(
      invalid_value("<nil>", "", fmt::format("Checked value must be of type integer {} in {}", with, path)));
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
    if (!value.contains(name))
      errors_.push_back(required_value(child_path(path, name)));
    else if (!member.is_string())
      errors_.push_back(invalid_value(child_path(path, name), member, "must be a string"));
    else if (member.empty())
      errors_.push_back(invalid_value(child_path(path, name), member, "must not be empty"));
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

void SchemaValidator::check_enum_and_size(const Json& value, const SchemaRules& rules, const std::string& path) {
  if (value.is_array()) {
    check_sizes(value, rules, path);
    check_list_type(value, rules, path);
  }
  if (!rules.enum_values.empty() && std::ranges::find(rules.enum_values, value) == rules.enum_values.end())
    errors_.push_back(unsupported_value(path, value, rules.enum_values));
  if (value.is_object()) check_sizes(value, rules, path);
}

void SchemaValidator::check_string(const Json& value, const SchemaRules& rules, const std::string& path) {
  const std::string& text = value.string_or_empty();
  const std::int64_t length = rules.min_length || rules.max_length ? count_code_points(text) : 0;
  // Only the first of these three is named.
  if (rules.max_length && length > *rules.max_length)
    errors_.push_back(too_long(path, *rules.max_length));
  else if (rules.min_length && length < *rules.min_length)
    errors_.push_back(invalid_value(
        path, value, fmt::format("{} in body should be at least {} chars long", path, *rules.min_length)));
  else if (rules.pattern != nullptr && !RE2::PartialMatch(text, *rules.pattern))
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
  std::map<std::string, int> seen;
  for (std::size_t i = 0; i < value.items().size(); ++i) {
    Json identity = value.items()[i];
    if (by_key) {
      Json key = Json::object();
      for (const std::string& name : rules.list_map_keys)
        if (const Json& part = identity[name]; !part.is_null()) key.set(name, part);
      identity = std::move(key);
    }
    // Named once, however often it comes.
    if (++seen[data::to_json(identity)] != 2) continue;
    if (rules.list_set || by_key)
      errors_.push_back(duplicate_value(fmt::format("{}[{}]", path, i), identity));
    else
      errors_.push_back(invalid_value(path, "", fmt::format("{} in body shouldn't contain duplicates", path)));
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
    int best = -1;
    for (const SchemaNode& node : alternatives) {
      FieldErrors found = errors_of(node);
      if (found.empty()) ++valid;
      // Most checks made counts as closest, the first among equals; a format is a check of its own.
      const int checks = value.is_string() && node.rules != nullptr && is_known_format(node.rules->format) ? 1 : 0;
      if (found.empty() || checks <= best) continue;
      best = checks;
      closest = std::move(found);
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
