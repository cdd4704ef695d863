#pragma once

#include <string>

#include "data/json.h"
#include "registry/field_errors.h"
#include "registry/schema_node.h"

namespace slipway::registry {

// Checks one value against a compiled schema and appends what is wrong. Internal to the schema files.
class SchemaValidator {
 public:
  explicit SchemaValidator(FieldErrors& errors) : errors_(errors) {}
  // `is_root`: apiVersion, kind and metadata are the registry's business.
  void validate(const data::Json& value, const SchemaNode& node, const std::string& path, bool is_root = false);

 private:
  void check_type(const data::Json& value, const SchemaNode& node, const std::string& path);
  void check_integer_range(const data::Json& value, const SchemaNode& node, const std::string& path);
  void check_object(const data::Json& value, const SchemaNode& node, const std::string& path, bool is_root);
  void check_embedded_resource(const data::Json& value, const std::string& path);
  void check_array(const data::Json& value, const SchemaNode& node, const std::string& path);
  void check_enum_and_size(const data::Json& value, const SchemaRules& rules, const std::string& path);
  void check_string(const data::Json& value, const SchemaRules& rules, const std::string& path);
  void check_number(const data::Json& value, const SchemaRules& rules, const std::string& path);
  void check_sizes(const data::Json& value, const SchemaRules& rules, const std::string& path);
  void check_list_type(const data::Json& value, const SchemaRules& rules, const std::string& path);
  void check_combinations(const data::Json& value, const SchemaRules& rules, const std::string& path);
  void add_combination_error(std::string message);

  FieldErrors& errors_;
};

}  // namespace slipway::registry
