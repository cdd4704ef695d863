#include <algorithm>
#include <fmt/core.h>
#include <set>
#include <string_view>

#include "registry/definition/schema_document.h"

// What a schema may not say at all, and which keywords go together: ValidateCustomResourceDefinitionOpenAPISchema.
namespace slipway::registry {

using data::Json;

namespace {

// Where in the schema a level stands.
struct Place {
  bool is_root = false;
  bool inside_metadata = false;  // of the object, or of an embedded resource
  std::string no_defaults;       // why defaults are forbidden here; "" = they are not
};

std::vector<Json> texts(std::initializer_list<const char*> names) {
  return std::vector<Json>(names.begin(), names.end());
}

bool is_metadata_member(std::string_view name) {
  return name == "metadata" || name == "kind" || name == "apiVersion";
}

class KeywordRules {
 public:
  explicit KeywordRules(FieldErrors& errors) : errors_(errors) {}

  void check(const Json& schema, const std::string& path, const Place& place) {
    check_forbidden(schema, path, place);
    check_additional(schema, path, place);
    for (const auto& [name, child] : schema["properties"].members())
      check(child, fmt::format("{}.properties[{}]", path, name), place_of_property(schema, name, place));
    Place nested = place;
    nested.is_root = false;
    if (schema["not"].is_object()) check(schema["not"], path + ".not", nested);
    for (const std::string_view keyword : {"allOf", "oneOf", "anyOf"})
      for (std::size_t i = 0; i < schema[keyword].items().size(); ++i)
        check(schema[keyword].items()[i], fmt::format("{}.{}[{}]", path, keyword, i), nested);
    if (schema["items"].is_object()) check(schema["items"], path + ".items", nested);
    check_extensions(schema, path);
    check_list_map(schema, path);
    check_rules(schema, path);
  }

 private:
  void forbid(const std::string& path, std::string_view why) { errors_.push_back(forbidden_value(path, why)); }

  void check_forbidden(const Json& schema, const std::string& path, const Place& place) {
    const std::string& type = schema.text({"type"});
    static const std::vector<Json> kTypes = texts({"array", "boolean", "integer", "number", "object", "string"});
    if (!type.empty() && std::ranges::find(kTypes, Json(type)) == kTypes.end())
      errors_.push_back(unsupported_value(path + ".type", type, kTypes));
    if (schema.contains("default") && !place.no_defaults.empty())
      forbid(path + ".default", "must not be set " + place.no_defaults);
    if (!schema.text({"id"}).empty()) forbid(path + ".id", "id is not supported");
    for (const char* keyword : {"additionalItems", "patternProperties", "definitions", "dependencies", "$ref"})
      if (schema.contains(keyword))
        forbid(fmt::format("{}.{}", path, keyword), fmt::format("{} is not supported", keyword));
    if (type == "null") forbid(path + ".type", "type cannot be set to null, use nullable as an alternative");
    if (!schema["items"].is_null() && !schema["items"].is_object())
      forbid(path + ".items", "items must be a schema object and not an array");
    if (place.inside_metadata && schema["x-kubernetes-embedded-resource"].bool_or(false))
      forbid(path + ".x-kubernetes-embedded-resource", "must not be used inside of resource meta");
    if (schema["uniqueItems"].bool_or(false))
      forbid(path + ".uniqueItems", "uniqueItems cannot be set to true since the runtime complexity becomes quadratic");
  }

  void check_additional(const Json& schema, const std::string& path, const Place& place) {
    const Json& additional = schema["additionalProperties"];
    if (additional.is_null()) return;
    if (!schema["properties"].empty() && additional != Json(true))
      forbid(path + ".additionalProperties", "additionalProperties and properties are mutual exclusive");
    if (!additional.is_object()) return;
    Place below = place;
    below.is_root = false;
    if (place.inside_metadata) below.no_defaults = "inside additionalProperties applying to object metadata";
    check(additional, path + ".additionalProperties", below);
  }

  static Place place_of_property(const Json& schema, const std::string& name, const Place& place) {
    Place below = place;
    below.is_root = false;
    const bool is_resource = place.is_root || schema["x-kubernetes-embedded-resource"].bool_or(false);
    if (!is_resource || !is_metadata_member(name)) return below;
    below.inside_metadata = true;
    if (place.is_root) below.no_defaults = "in top-level " + name;
    return below;
  }

  void need_type(const Json& schema, const std::string& path, const char* wanted, const std::string& why) {
    const std::string& type = schema.text({"type"});
    if (type == wanted) return;
    if (type.empty())
      errors_.push_back(required_value(path + ".type", why));
    else
      errors_.push_back(invalid_value(path + ".type", type, why));
  }

  void check_extensions(const Json& schema, const std::string& path) {
    if (schema["x-kubernetes-preserve-unknown-fields"] == Json(false))
      errors_.push_back(
          invalid_value(path + ".x-kubernetes-preserve-unknown-fields", false, "must be true or undefined"));
    if (const Json& map_type = schema["x-kubernetes-map-type"]; !map_type.is_null()) {
      need_type(schema, path, "object", "must be object if x-kubernetes-map-type is specified");
      if (map_type != Json("atomic") && map_type != Json("granular"))
        errors_.push_back(unsupported_value(path + ".x-kubernetes-map-type", map_type, texts({"atomic", "granular"})));
    }
    const Json& list_type = schema["x-kubernetes-list-type"];
    if (list_type.is_null()) return;
    need_type(schema, path, "array", "must be array if x-kubernetes-list-type is specified");
    if (list_type != Json("atomic") && list_type != Json("set") && list_type != Json("map"))
      errors_.push_back(
          unsupported_value(path + ".x-kubernetes-list-type", list_type, texts({"atomic", "set", "map"})));
    if (list_type == Json("set")) check_set_items(schema["items"], path + ".items");
    if ((list_type == Json("set") || list_type == Json("map")) && schema.get({"items", "nullable"}).bool_or(false))
      forbid(path + ".items.nullable",
             "cannot be nullable when x-kubernetes-list-type is " + list_type.string_or_empty());
  }

  // The items of a set are whole values.
  void check_set_items(const Json& items, const std::string& path) {
    constexpr std::string_view kWhy = "must be atomic as item of a list with x-kubernetes-list-type=set";
    const std::string& type = items.text({"type"});
    const Json& list_type = items["x-kubernetes-list-type"];
    if (type == "array" && !list_type.is_null() && list_type != Json("atomic"))
      errors_.push_back(invalid_value(path + ".x-kubernetes-list-type", list_type, kWhy));
    if (type == "object" && items["x-kubernetes-map-type"] != Json("atomic"))
      errors_.push_back(invalid_value(path + ".x-kubernetes-map-type", items["x-kubernetes-list-type"], kWhy));
  }

  void check_list_map(const Json& schema, const std::string& path) {
    const Json& keys = schema["x-kubernetes-list-map-keys"];
    const Json& list_type = schema["x-kubernetes-list-type"];
    if (!keys.empty() && list_type != Json("map")) {
      constexpr std::string_view kWhy = "must be map if x-kubernetes-list-map-keys is non-empty";
      if (list_type.is_null())
        errors_.push_back(required_value(path + ".x-kubernetes-list-type", kWhy));
      else
        errors_.push_back(invalid_value(path + ".x-kubernetes-list-type", list_type, kWhy));
    }
    if (list_type != Json("map")) return;
    if (keys.empty())
      errors_.push_back(
          required_value(path + ".x-kubernetes-list-map-keys", "must not be empty if x-kubernetes-list-type is map"));
    const Json& items = schema["items"];
    if (items.is_null()) {
      errors_.push_back(required_value(path + ".items", "must have a schema if x-kubernetes-list-type is map"));
      return;
    }
    if (items.text({"type"}) != "object") {
      errors_.push_back(invalid_value(path + ".items.type", items.text({"type"}),
                                      "must be object if parent array's x-kubernetes-list-type is map"));
      return;
    }
    check_map_keys(keys, items, path);
  }

  void check_map_keys(const Json& keys, const Json& items, const std::string& path) {
    std::set<std::string> seen;
    for (const Json& item : keys.items()) {
      const std::string& key = item.string_or_empty();
      const Json& property = items["properties"][key];
      const std::string property_path = fmt::format("{}.items.properties[{}]", path, key);
      if (property.is_null())
        errors_.push_back(
            invalid_value(path + ".x-kubernetes-list-map-keys", keys, "entries must all be names of item properties"));
      else if (property.text({"type"}) == "array" || property.text({"type"}) == "object")
        errors_.push_back(invalid_value(property_path + ".type", items.text({"type"}),
                                        "must be a scalar type if parent array's x-kubernetes-list-type is map"));
      if (!seen.insert(key).second)
        errors_.push_back(
            invalid_value(path + ".x-kubernetes-list-map-keys", keys, "must not contain duplicate entries"));
      if (property.is_null()) continue;
      const auto& required = items["required"].items();
      if (std::ranges::find(required, item) == required.end() && !property.contains("default"))
        errors_.push_back(required_value(property_path + ".default",
                                         "this property is in x-kubernetes-list-map-keys, so it must have a default or "
                                         "be a required property"));
      if (property["nullable"].bool_or(false))
        forbid(property_path + ".nullable", "this property is in x-kubernetes-list-map-keys, so it cannot be nullable");
    }
  }

  // The form of x-kubernetes-validations; what the expressions say is looked at elsewhere.
  void check_rules(const Json& schema, const std::string& path) {
    const auto& rules = schema["x-kubernetes-validations"].items();
    for (std::size_t i = 0; i < rules.size(); ++i) {
      const Json& rule = rules[i];
      const std::string here = fmt::format("{}.x-kubernetes-validations[{}]", path, i);
      const auto blank = [](const std::string& text) { return text.find_first_not_of(" \t\r\n") == text.npos; };
      const auto broken = [](const std::string& text) { return text.find_first_of("\r\n") != text.npos; };
      const std::string& message = rule.text({"message"});
      if (blank(rule.text({"rule"})))
        errors_.push_back(required_value(here + ".rule", "rule is not specified"));
      else if (!message.empty() && blank(message))
        errors_.push_back(invalid_value(here + ".message", message, "must be non-empty if specified"));
      else if (broken(message))
        errors_.push_back(invalid_value(here + ".message", message, "must not contain line breaks"));
      else if (broken(rule.text({"rule"})) && message.empty())
        errors_.push_back(required_value(here + ".message", "message must be specified if rule contains line breaks"));
      static const std::vector<Json> kReasons =
          texts({"FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired"});
      if (const Json& reason = rule["reason"];
          !reason.is_null() && std::ranges::find(kReasons, reason) == kReasons.end())
        errors_.push_back(unsupported_value(here + ".reason", reason, kReasons));
    }
  }

  FieldErrors& errors_;
};

}  // namespace

void validate_schema_keywords(const Json& schema, const std::string& path, FieldErrors& errors) {
  KeywordRules(errors).check(schema, path, {.is_root = true});
}

}  // namespace slipway::registry
