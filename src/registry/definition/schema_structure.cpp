#include <algorithm>
#include <fmt/core.h>
#include <re2/re2.h>
#include <string_view>

#include "registry/definition/schema_document.h"

// What makes a schema structural: every field stands once outside of allOf, anyOf, oneOf and not, with its type; those
// only restrict values. ValidateStructural of apiextensions-apiserver.
namespace slipway::registry {

using data::Json;

namespace {

enum class Level { kRoot, kItem, kField };

const Json& int_or_string_alternatives() {
  static const Json kAlternatives =
      Json::array({Json::object({{"type", "integer"}}), Json::object({{"type", "string"}})});
  return kAlternatives;
}

class Structure {
 public:
  explicit Structure(FieldErrors& errors) : errors_(errors) {}

  void check(const Json& schema, Level level, const std::string& path) {
    const std::string& type = schema.text({"type"});
    if (type == "array" && schema["items"].is_null())
      errors_.push_back(required_value(path + ".items", "must be specified"));
    if (schema["items"].is_object()) check(schema["items"], Level::kItem, path + ".items");
    for (const auto& [name, child] : schema["properties"].members())
      check(child, Level::kField, fmt::format("{}.properties[{}]", path, name));
    check_additional(schema, level, path);
    check_extensions(schema, level, path);
    const bool plain_any = schema["anyOf"] == int_or_string_alternatives();
    const bool plain_all =
        !schema["allOf"].empty() && schema["allOf"].items()[0]["anyOf"] == int_or_string_alternatives();
    check_value(schema, plain_any, plain_all, level, path);
    check_metadata(schema, level, path);
  }

  // Whatever allOf, anyOf, oneOf and not speak of must be described by `structural`.
  void check_complete(const Json& value, const Json& structural, const std::string& path,
                      const std::string& value_path) {
    for (const std::string_view keyword : {"not", "allOf", "anyOf", "oneOf"}) {
      const Json& alternatives = value[keyword];
      if (alternatives.is_object())
        check_nested_complete(alternatives, structural, path, fmt::format("{}.{}", value_path, keyword));
      for (std::size_t i = 0; i < alternatives.items().size(); ++i)
        check_nested_complete(alternatives.items()[i], structural, path,
                              fmt::format("{}.{}[{}]", value_path, keyword, i));
    }
  }

 private:
  void check_nested_complete(const Json& value, const Json& structural, const std::string& path,
                             const std::string& value_path) {
    check_complete(value, structural, path, value_path);
    if (value["items"].is_object()) {
      if (structural["items"].is_object())
        check_nested_complete(value["items"], structural["items"], path + ".items", value_path + ".items");
      else
        errors_.push_back(
            required_value(path + ".items", fmt::format("because it is defined in {}.items", value_path)));
    }
    for (const auto& [name, child] : value["properties"].members()) {
      const std::string below = fmt::format(".properties[{}]", name);
      if (const Json& known = structural["properties"][name]; known.is_object())
        check_nested_complete(child, known, path + below, value_path + below);
      else
        errors_.push_back(
            required_value(path + below, fmt::format("because it is defined in {}{}", value_path, below)));
    }
  }

  void check_additional(const Json& schema, Level level, const std::string& path) {
    const Json& additional = schema["additionalProperties"];
    if (additional.is_null()) return;
    if (level == Level::kRoot)
      errors_.push_back(forbidden_value(path + ".additionalProperties", "must not be used at the root"));
    if (schema["x-kubernetes-embedded-resource"].bool_or(false))
      errors_.push_back(
          forbidden_value(path + ".additionalProperties", "must not be used if x-kubernetes-embedded-resource is set"));
    if (additional.is_object()) check(additional, Level::kField, path + ".additionalProperties");
  }

  void check_extensions(const Json& schema, Level level, const std::string& path) {
    const std::string& type = schema.text({"type"});
    const bool int_or_string = schema["x-kubernetes-int-or-string"].bool_or(false);
    const bool preserve = schema["x-kubernetes-preserve-unknown-fields"].bool_or(false);
    const bool embedded = schema["x-kubernetes-embedded-resource"].bool_or(false);
    for (const auto& [set, name] :
         {std::pair{preserve, "x-kubernetes-preserve-unknown-fields"}, {embedded, "x-kubernetes-embedded-resource"}})
      if (int_or_string && set)
        errors_.push_back(invalid_value(fmt::format("{}.{}", path, name), true,
                                        "must be false if x-kubernetes-int-or-string is true"));
    if (embedded && type != "object") {
      constexpr std::string_view kWhy = "must be object if x-kubernetes-embedded-resource is true";
      errors_.push_back(type.empty() ? required_value(path + ".type", kWhy)
                                     : invalid_value(path + ".type", type, kWhy));
    } else if (type.empty() && !int_or_string && !preserve) {
      errors_.push_back(required_value(path + ".type", level == Level::kRoot ? "must not be empty at the root"
                                                       : level == Level::kItem
                                                           ? "must not be empty for specified array items"
                                                           : "must not be empty for specified object fields"));
    }
    if (level == Level::kRoot && !type.empty() && type != "object")
      errors_.push_back(invalid_value(path + ".type", type, "must be object at the root"));
    if (embedded && !preserve && schema["properties"].empty())
      errors_.push_back(required_value(path + ".properties",
                                       "must not be empty if x-kubernetes-embedded-resource is true without "
                                       "x-kubernetes-preserve-unknown-fields"));
  }

  void check_metadata(const Json& schema, Level level, const std::string& path) {
    const Json& properties = schema["properties"];
    const bool is_resource = level == Level::kRoot || schema["x-kubernetes-embedded-resource"].bool_or(false);
    if (!is_resource) return;
    for (const char* name : {"kind", "apiVersion"})
      if (properties.contains(name) && properties[name].text({"type"}) != "string")
        errors_.push_back(invalid_value(fmt::format("{}.properties[{}].type", path, name),
                                        properties[name].text({"type"}), "must be string"));
    if (!properties.contains("metadata")) return;
    const Json& metadata = properties["metadata"];
    if (metadata.text({"type"}) != "object")
      errors_.push_back(invalid_value(path + ".properties[metadata].type", metadata.text({"type"}), "must be object"));
    if (level == Level::kRoot && !only_restricts_names(metadata))
      errors_.push_back(forbidden_value(path + ".properties[metadata]",
                                        "must not specify anything other than name and generateName, but metadata is "
                                        "implicitly specified"));
  }

  static bool only_restricts_names(const Json& metadata) {
    return std::ranges::all_of(metadata.members(), [](const auto& member) {
      const auto& [keyword, value] = member;
      if (keyword == "properties")
        return std::ranges::all_of(
            value.members(), [](const auto& item) { return item.first == "name" || item.first == "generateName"; });
      return keyword == "type" || keyword == "default";
    });
  }

  void check_value(const Json& schema, bool skip_any, bool skip_first_all, Level level, const std::string& path) {
    if (!skip_any) check_alternatives(schema, "anyOf", false, level, path);
    check_alternatives(schema, "allOf", skip_first_all, level, path);
    check_alternatives(schema, "oneOf", false, level, path);
    if (schema["not"].is_object()) check_nested(schema["not"], false, level, path + ".not");
    const std::string& pattern = schema.text({"pattern"});
    if (pattern.empty()) return;
    RE2::Options options;
    options.set_log_errors(false);
    if (const RE2 compiled(pattern, options); !compiled.ok())
      errors_.push_back(invalid_value(path + ".pattern", pattern,
                                      "must be a valid regular expression, but isn't: " + compiled.error()));
  }

  void check_alternatives(const Json& schema, std::string_view keyword, bool skip_first_any, Level level,
                          const std::string& path) {
    const auto& alternatives = schema[keyword].items();
    for (std::size_t i = 0; i < alternatives.size(); ++i)
      check_nested(alternatives[i], skip_first_any && i == 0, level, fmt::format("{}.{}[{}]", path, keyword, i));
  }

  void check_nested(const Json& value, bool skip_any, Level level, const std::string& path) {
    check_value(value, skip_any, false, level, path);
    if (value["items"].is_object()) check_nested(value["items"], false, level, path + ".items");
    for (const auto& [name, child] : value["properties"].members())
      check_nested(child, false, Level::kField, fmt::format("{}.properties[{}]", path, name));
    const auto forbid = [&](const char* keyword, const char* state) {
      errors_.push_back(
          forbidden_value(fmt::format("{}.{}", path, keyword), fmt::format("must be {} to be structural", state)));
    };
    for (const char* keyword : {"type", "title", "description"})
      if (!value.text({keyword}).empty()) forbid(keyword, "empty");
    if (const Json& additional = value["additionalProperties"]; !additional.is_null() && additional != Json(false))
      forbid("additionalProperties", "undefined");
    if (value.contains("default")) forbid("default", "undefined");
    for (const char* keyword : {"nullable", "x-kubernetes-preserve-unknown-fields", "x-kubernetes-embedded-resource",
                                "x-kubernetes-int-or-string"})
      if (value[keyword].bool_or(false)) forbid(keyword, "false");
    for (const char* keyword : {"x-kubernetes-list-map-keys", "x-kubernetes-validations"})
      if (!value[keyword].empty()) forbid(keyword, "empty");
    for (const char* keyword : {"x-kubernetes-list-type", "x-kubernetes-map-type"})
      if (!value[keyword].is_null()) forbid(keyword, "undefined");
    if (value["properties"].contains("metadata"))
      errors_.push_back(forbidden_value(path + ".properties[metadata]", "must not be specified in a nested context"));
  }

  FieldErrors& errors_;
};

void check_completeness_of(const Json& schema, const std::string& path, FieldErrors& errors) {
  Structure(errors).check_complete(schema, schema, path, path);
}

}  // namespace

void validate_structure(const Json& schema, const std::string& path, FieldErrors& errors) {
  FieldErrors found;
  Structure(found).check(schema, Level::kRoot, path);
  check_completeness_of(schema, path, found);
  std::ranges::sort(found, {}, [](const base::FieldError& error) { return error.field + error.message; });
  errors.insert(errors.end(), found.begin(), found.end());
}

}  // namespace slipway::registry
