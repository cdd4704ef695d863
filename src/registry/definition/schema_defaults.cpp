#include <fmt/core.h>

#include "registry/definition/schema_document.h"
#include "registry/schema.h"

// Defaults must be valid values of their own schema, and nothing in them may be dropped.
namespace slipway::registry {

using data::Json;

namespace {

bool is_metadata_member(std::string_view name) {
  return name == "metadata" || name == "kind" || name == "apiVersion";
}

void check_default(const Json& schema, const std::string& path, bool inside_metadata, FieldErrors& errors) {
  const auto compiled = StructuralSchema::compile(schema, StructuralSchema::Root::kValue);
  if (!compiled) return;  // said elsewhere
  const std::string here = path + ".default";
  const Json& value = schema["default"];
  Json pruned = value;
  (*compiled)->prune(pruned);
  if (!inside_metadata && pruned != value) errors.push_back(invalid_value(here, value, "must not have unknown fields"));
  (*compiled)->validate(value, errors, here);
}

void check(const Json& schema, const std::string& path, bool is_resource, bool inside_metadata, FieldErrors& errors) {
  is_resource |= schema["x-kubernetes-embedded-resource"].bool_or(false);
  if (schema["x-kubernetes-embedded-resource"].bool_or(false)) inside_metadata = false;
  if (schema.contains("default")) check_default(schema, path, inside_metadata, errors);
  if (schema["items"].is_object()) check(schema["items"], path + ".items", false, inside_metadata, errors);
  for (const auto& [name, child] : schema["properties"].members())
    check(child, fmt::format("{}.properties[{}]", path, name), false,
          inside_metadata || (is_resource && is_metadata_member(name)), errors);
}

}  // namespace

void validate_schema_defaults(const Json& schema, const std::string& path, FieldErrors& errors) {
  check(schema, path, true, false, errors);
}

}  // namespace slipway::registry
