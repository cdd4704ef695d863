#include "registry/definition/schema_document.h"

#include <algorithm>
#include <fmt/core.h>
#include <fmt/ranges.h>
#include <map>
#include <string_view>

#include "registry/definition/schema_walk.h"
#include "registry/schema.h"
#include "registry/string_format.h"

namespace slipway::registry {

using data::Json;

namespace {

enum class Form { kText, kNumber, kCount, kFlag, kAny, kTexts, kList, kSchema, kSchemas, kSchemaMap, kSchemaOrFlag };

// Every member that apiextensions.k8s.io/v1 JSONSchemaProps has.
const std::map<std::string_view, Form>& keywords() {
  static const std::map<std::string_view, Form> kKeywords{
      {"id", Form::kText},
      {"$schema", Form::kText},
      {"$ref", Form::kText},
      {"description", Form::kText},
      {"type", Form::kText},
      {"format", Form::kText},
      {"title", Form::kText},
      {"default", Form::kAny},
      {"maximum", Form::kNumber},
      {"exclusiveMaximum", Form::kFlag},
      {"minimum", Form::kNumber},
      {"exclusiveMinimum", Form::kFlag},
      {"maxLength", Form::kCount},
      {"minLength", Form::kCount},
      {"pattern", Form::kText},
      {"maxItems", Form::kCount},
      {"minItems", Form::kCount},
      {"uniqueItems", Form::kFlag},
      {"multipleOf", Form::kNumber},
      {"enum", Form::kList},
      {"maxProperties", Form::kCount},
      {"minProperties", Form::kCount},
      {"required", Form::kTexts},
      {"items", Form::kAny},  // a schema, or a list of them, which has its own error
      {"allOf", Form::kSchemas},
      {"oneOf", Form::kSchemas},
      {"anyOf", Form::kSchemas},
      {"not", Form::kSchema},
      {"properties", Form::kSchemaMap},
      {"additionalProperties", Form::kSchemaOrFlag},
      {"patternProperties", Form::kAny},
      {"dependencies", Form::kAny},
      {"additionalItems", Form::kAny},
      {"definitions", Form::kAny},
      {"externalDocs", Form::kAny},
      {"example", Form::kAny},
      {"nullable", Form::kFlag},
      {"x-kubernetes-preserve-unknown-fields", Form::kFlag},
      {"x-kubernetes-embedded-resource", Form::kFlag},
      {"x-kubernetes-int-or-string", Form::kFlag},
      {"x-kubernetes-list-map-keys", Form::kTexts},
      {"x-kubernetes-list-type", Form::kText},
      {"x-kubernetes-map-type", Form::kText},
      {"x-kubernetes-validations", Form::kList},
  };
  return kKeywords;
}

std::string_view name_of(Form form) {
  switch (form) {
    case Form::kText:
      return "string";
    case Form::kNumber:
      return "number";
    case Form::kCount:
      return "integer";
    case Form::kFlag:
      return "boolean";
    case Form::kTexts:
    case Form::kList:
    case Form::kSchemas:
      return "array";
    default:
      return "object";
  }
}

bool has_form(const Json& value, Form form) {
  switch (form) {
    case Form::kText:
      return value.is_string();
    case Form::kNumber:
      return value.is_number();
    case Form::kCount:
      return value.is_integer();
    case Form::kFlag:
      return value.is_bool();
    case Form::kAny:
      return true;
    case Form::kTexts:
      return value.is_array() && std::ranges::all_of(value.items(), [](const Json& item) { return item.is_string(); });
    case Form::kList:
      return value.is_array();
    case Form::kSchema:
      return value.is_object();
    case Form::kSchemas:
      return value.is_array() && std::ranges::all_of(value.items(), [](const Json& item) { return item.is_object(); });
    case Form::kSchemaMap:
      return value.is_object() &&
             std::ranges::all_of(value.members(), [](const auto& member) { return member.second.is_object(); });
    case Form::kSchemaOrFlag:
      return value.is_object() || value.is_bool();
  }
  return false;
}

// Only what can also be checked on status alone may stand beside it at the root.
bool is_allowed_beside_status(std::string_view keyword) {
  constexpr std::string_view kAllowed[] = {"description",
                                           "type",
                                           "format",
                                           "title",
                                           "maximum",
                                           "exclusiveMaximum",
                                           "minimum",
                                           "exclusiveMinimum",
                                           "maxLength",
                                           "minLength",
                                           "pattern",
                                           "maxItems",
                                           "minItems",
                                           "uniqueItems",
                                           "multipleOf",
                                           "required",
                                           "items",
                                           "properties",
                                           "externalDocs",
                                           "example",
                                           "x-kubernetes-preserve-unknown-fields",
                                           "x-kubernetes-validations"};
  return std::ranges::find(kAllowed, keyword) != std::end(kAllowed);
}

void validate_root(const Json& schema, const std::string& path, bool has_status, FieldErrors& errors) {
  if (has_status && schema.text({"type"}) != "object" && !schema.text({"type"}).empty())
    errors.push_back(invalid_value(path + ".type", schema["type"],
                                   "only \"object\" is allowed as the type at the root of the schema if the status "
                                   "subresource is enabled"));
  if (has_status)
    for (const auto& [keyword, value] : schema.members()) {
      const bool is_zero = value == Json(false) || ((value.is_object() || value.is_array()) && value.empty());
      if (is_zero || is_allowed_beside_status(keyword)) continue;
      errors.push_back(invalid_value(
          path, keyword,
          "only [Description Type Format Title Maximum ExclusiveMaximum Minimum ExclusiveMinimum MaxLength MinLength "
          "Pattern MaxItems MinItems UniqueItems MultipleOf Required Items Properties ExternalDocs Example "
          "XPreserveUnknownFields XValidations] fields are allowed at the root of the schema if the status subresource "
          "is enabled"));
      break;
    }
  if (schema["nullable"].bool_or(false))
    errors.push_back(forbidden_value(path + ".nullable", "nullable cannot be true at the root"));
}

}  // namespace

void normalize_schema_document(Json& schema) {
  if (!schema.is_object()) return;
  Json::Object& members = schema.mutable_members();
  std::erase_if(members,
                [](const auto& member) { return member.second.is_null() || !keywords().contains(member.first); });
  for_each_subschema(schema, [](Json& child) { normalize_schema_document(child); });
}

void validate_schema_types(const Json& schema, const std::string& path, FieldErrors& errors) {
  if (!schema.is_object()) {
    errors.push_back(invalid_type(
        path, schema, fmt::format("{} must be of type object: \"{}\"", path, data::kind_name(schema.kind()))));
    return;
  }
  for (const auto& [keyword, value] : schema.members()) {
    const auto known = keywords().find(keyword);
    if (known == keywords().end() || has_form(value, known->second)) continue;
    const std::string below = path + "." + keyword;
    errors.push_back(invalid_type(
        below, value,
        fmt::format("{} must be of type {}: \"{}\"", below, name_of(known->second), data::kind_name(value.kind()))));
  }
  if (!errors.empty()) return;
  for_each_subschema(schema, path,
                     [&](const Json& child, const std::string& below) { validate_schema_types(child, below, errors); });
}

void validate_schema_document(const Json& schema, const std::string& path, bool has_status, FieldErrors& errors) {
  FieldErrors found;
  validate_schema_types(schema, path, found);
  if (found.empty()) {
    validate_root(schema, path, has_status, found);
    FieldErrors structural;
    validate_structure(schema, path, structural);
    if (structural.empty()) validate_schema_defaults(schema, path, structural);
    found.insert(found.end(), structural.begin(), structural.end());
    validate_schema_keywords(schema, path, found);
  }
  if (found.empty()) {
    const auto compiled = StructuralSchema::compile(schema);
    if (!compiled) found.push_back(invalid_value(path, "", "error building validator: " + compiled.error().message()));
  }
  errors.insert(errors.end(), found.begin(), found.end());
}

namespace {
void collect_formats(const Json& schema, std::vector<std::string>& out) {
  const std::string& format = schema.text({"format"});
  constexpr std::string_view kNumeric[] = {"int32", "int64", "float", "double", "byte", "password", "binary"};
  if (!format.empty() && !is_known_format(format) && std::ranges::find(kNumeric, format) == std::end(kNumeric) &&
      std::ranges::find(out, format) == out.end())
    out.push_back(format);
  for_each_subschema(schema, "", [&](const Json& child, const std::string&) { collect_formats(child, out); });
}
}  // namespace

std::vector<std::string> unrecognized_formats(const Json& schema) {
  std::vector<std::string> out;
  collect_formats(schema, out);
  return out;
}

}  // namespace slipway::registry
