#include "cluster/variables.h"

#include <fmt/core.h>
#include <map>
#include <memory>
#include <set>

#include "data/json_text.h"
#include "registry/schema.h"

namespace slipway::cluster {

using base::FieldError;
using registry::StructuralSchema;

namespace {

constexpr std::string_view kBuiltin = "builtin";

std::string at_index(std::string_view path, std::size_t index, std::string_view field) {
  return fmt::format("{}[{}].{}", path, index, field);
}

FieldErrors check_value(const Json& definition, Json& value, std::string_view path) {
  const auto schema =
      StructuralSchema::compile(definition.get({"schema", "openAPIV3Schema"}), StructuralSchema::Root::kValue);
  if (!schema.has_value())
    return {registry::invalid_value(path, definition["name"],
                                    fmt::format("the variable's schema is broken: {}", schema.error().message()))};
  (*schema)->apply_defaults(value);
  FieldErrors errors;
  (*schema)->validate(value, errors, path);
  return errors;
}

// A variable that the Cluster does not set: its default, or an error when it is required.
void complete_missing(const Json& definition, std::string_view path, Json& result, FieldErrors& errors) {
  const std::string& name = definition.text({"name"});
  const Json& fallback = definition.get({"schema", "openAPIV3Schema", "default"});
  if (fallback.is_null()) {
    if (definition["required"].bool_or(false))
      errors.push_back(registry::required_value(path, fmt::format("required variable \"{}\" must be set", name)));
    return;
  }
  Json value = fallback;
  for (FieldError& error : check_value(definition, value, path)) errors.push_back(std::move(error));
  result.append(Json::object({{"name", name}, {"value", std::move(value)}}));
}

}  // namespace

Json complete_variables(const Json& cluster_class, const Json& variables, std::string_view path, FieldErrors& errors) {
  std::map<std::string_view, const Json*> definitions;
  for (const Json& definition : cluster_class.get({"spec", "variables"}).items())
    definitions.emplace(definition.text({"name"}), &definition);
  Json result = Json::array();
  std::set<std::string_view> seen;
  for (std::size_t i = 0; i < variables.size(); ++i) {
    const Json& variable = variables.items()[i];
    const std::string& name = variable.text({"name"});
    if (!seen.insert(name).second) {
      errors.push_back(registry::duplicate_value(at_index(path, i, "name"), name));
      continue;
    }
    const auto definition = definitions.find(name);
    if (definition == definitions.end()) {
      errors.push_back(registry::invalid_value(at_index(path, i, "name"), name, "variable is not defined"));
      continue;
    }
    Json value = variable["value"];
    for (FieldError& error : check_value(*definition->second, value, at_index(path, i, "value")))
      errors.push_back(std::move(error));
    Json completed = variable;  // v1beta1 entries have more members
    completed.set("value", std::move(value));
    result.append(std::move(completed));
  }
  for (const Json& definition : cluster_class.get({"spec", "variables"}).items())
    if (!seen.contains(definition.text({"name"}))) complete_missing(definition, path, result, errors);
  return result;
}

Json variables_by_name(const Json& variables) {
  Json result = Json::object();
  for (const Json& variable : variables.items()) result.set(variable.text({"name"}), variable["value"]);
  return result;
}

void validate_definitions(const Json& cluster_class, FieldErrors& errors) {
  const Json& definitions = cluster_class.get({"spec", "variables"});
  std::set<std::string_view> seen;
  for (std::size_t i = 0; i < definitions.size(); ++i) {
    const Json& definition = definitions.items()[i];
    const std::string& name = definition.text({"name"});
    const std::string name_path = at_index("spec.variables", i, "name");
    if (name == kBuiltin) errors.push_back(registry::invalid_value(name_path, name, "\"builtin\" is a reserved name"));
    if (name.find('.') != std::string::npos)
      errors.push_back(registry::invalid_value(name_path, name, "name cannot contain \".\""));
    if (!seen.insert(name).second)
      errors.push_back(
          registry::invalid_value(name_path, name, "variable name must be unique, it is defined more than once"));
    const std::string schema_path = at_index("spec.variables", i, "schema.openAPIV3Schema");
    const Json& source = definition.get({"schema", "openAPIV3Schema"});
    const auto schema = StructuralSchema::compile(source, StructuralSchema::Root::kValue);
    if (!schema.has_value()) {
      errors.push_back(registry::invalid_value(schema_path, source, schema.error().message()));
    } else if (!source["default"].is_null()) {
      (*schema)->validate(source["default"], errors, schema_path + ".default");
    }
  }
}

}  // namespace slipway::cluster
