#include <cmath>
#include <fmt/core.h>
#include <re2/re2.h>

#include "registry/schema.h"
#include "registry/schema_expressions.h"
#include "registry/schema_node.h"

namespace slipway::registry {

using base::ErrorCode;
using base::fail;
using data::Json;

SchemaRules::~SchemaRules() = default;

namespace {

constexpr int kDeepest = 64;
constexpr std::int64_t kPatternMemory = 1 << 20;  // bytes one compiled pattern may take

base::Error bad_schema(std::string_view path, std::string_view why) {
  return {ErrorCode::kInvalid, fmt::format("openAPIV3Schema{}: {}", path, why)};
}

base::Result<SchemaType> parse_type(const Json& schema, const std::string& path) {
  const Json& type = schema["type"];
  if (type.is_null()) return SchemaType::kAny;
  const std::string& text = type.string_or_empty();
  if (text == "object") return SchemaType::kObject;
  if (text == "array") return SchemaType::kArray;
  if (text == "string") return SchemaType::kString;
  if (text == "integer") return SchemaType::kInteger;
  if (text == "number") return SchemaType::kNumber;
  if (text == "boolean") return SchemaType::kBoolean;
  return bad_schema(path, fmt::format("type '{}' is not object, array, string, integer, number or boolean", text));
}

std::optional<double> number(const Json& value) {
  if (!value.is_number()) return std::nullopt;
  return value.number_or(0);
}

std::optional<std::int64_t> count(const Json& value) {
  if (!value.is_number()) return std::nullopt;
  return value.integer_or(0);
}

class Compiler {
 public:
  base::Status compile(const Json& schema, SchemaNode& node, const std::string& path, int depth) {
    if (depth > kDeepest) return bad_schema(path, fmt::format("more than {} levels", kDeepest));
    if (!schema.is_object()) return bad_schema(path, "must be an object");
    if (schema.contains("$ref")) return bad_schema(path, "$ref is not allowed in a structural schema");
    node.type = SLIPWAY_TRY(parse_type(schema, path));
    node.nullable = schema["nullable"].bool_or(false);
    node.preserve_unknown = schema["x-kubernetes-preserve-unknown-fields"].bool_or(false);
    node.int_or_string = schema["x-kubernetes-int-or-string"].bool_or(false);
    node.embedded_resource = schema["x-kubernetes-embedded-resource"].bool_or(false);
    node.map_atomic = schema.text({"x-kubernetes-map-type"}) == "atomic";
    if (schema.contains("default")) node.default_value = schema["default"];
    for (const Json& name : schema["required"].items()) node.required.push_back(name.string_or_empty());
    SLIPWAY_TRY(compile_children(schema, node, path, depth));
    return compile_rules(schema, node, path, depth);
  }

 private:
  base::Status compile_children(const Json& schema, SchemaNode& node, const std::string& path, int depth) {
    for (const auto& [name, child] : schema["properties"].members())
      SLIPWAY_TRY(compile(child, node.properties[name], path + ".properties[" + name + "]", depth + 1));
    if (const Json& items = schema["items"]; !items.is_null()) {
      node.items = std::make_unique<SchemaNode>();
      SLIPWAY_TRY(compile(items, *node.items, path + ".items", depth + 1));
    }
    const Json& additional = schema["additionalProperties"];
    node.any_additional = additional.bool_or(false);
    if (additional.is_object()) {
      node.additional = std::make_unique<SchemaNode>();
      SLIPWAY_TRY(compile(additional, *node.additional, path + ".additionalProperties", depth + 1));
    }
    return {};
  }

  base::Status compile_rules(const Json& schema, SchemaNode& node, const std::string& path, int depth) {
    auto rules = std::make_unique<SchemaRules>();
    bool any = false;
    rules->enum_values = schema["enum"].items();
    any |= !rules->enum_values.empty();
    any |= SLIPWAY_TRY(compile_pattern(schema, *rules, path));
    rules->format = schema.text({"format"});
    any |= !rules->format.empty();
    any |= read_bounds(schema, *rules);
    any |= SLIPWAY_TRY(read_list_type(schema, *rules, path));
    for (const auto& [word, list] :
         {std::pair{"allOf", &rules->all_of}, {"anyOf", &rules->any_of}, {"oneOf", &rules->one_of}}) {
      // Every int-or-string field of a generated schema repeats the same anyOf, which the flag already says.
      if (node.int_or_string && std::string_view(word) == "anyOf") continue;
      for (const Json& item : schema[word].items()) {
        any = true;
        SLIPWAY_TRY(
            compile(item, list->emplace_back(), fmt::format("{}.{}[{}]", path, word, list->size() - 1), depth + 1));
      }
    }
    if (const Json& none = schema["not"]; !none.is_null()) {
      any = true;
      rules->none_of = std::make_unique<SchemaNode>();
      SLIPWAY_TRY(compile(none, *rules->none_of, path + ".not", depth + 1));
    }
    if (any) node.rules = std::move(rules);
    return {};
  }

  static base::Result<bool> compile_pattern(const Json& schema, SchemaRules& rules, const std::string& path) {
    rules.pattern_text = schema.text({"pattern"});
    if (rules.pattern_text.empty()) return false;
    RE2::Options options;
    options.set_log_errors(false);
    options.set_max_mem(kPatternMemory);
    rules.pattern = std::make_unique<RE2>(rules.pattern_text, options);
    if (!rules.pattern->ok())
      return bad_schema(path, fmt::format("pattern '{}': {}", rules.pattern_text, rules.pattern->error()));
    return true;
  }

  static bool read_bounds(const Json& schema, SchemaRules& rules) {
    rules.minimum = number(schema["minimum"]);
    rules.maximum = number(schema["maximum"]);
    rules.multiple_of = number(schema["multipleOf"]);
    if (rules.multiple_of && !(*rules.multiple_of > 0)) rules.multiple_of.reset();
    rules.exclusive_minimum = schema["exclusiveMinimum"].bool_or(false);
    rules.exclusive_maximum = schema["exclusiveMaximum"].bool_or(false);
    rules.min_length = count(schema["minLength"]);
    rules.max_length = count(schema["maxLength"]);
    rules.min_items = count(schema["minItems"]);
    rules.max_items = count(schema["maxItems"]);
    rules.min_properties = count(schema["minProperties"]);
    rules.max_properties = count(schema["maxProperties"]);
    rules.unique_items = schema["uniqueItems"].bool_or(false);
    return rules.minimum || rules.maximum || rules.multiple_of || rules.min_length || rules.max_length ||
           rules.min_items || rules.max_items || rules.min_properties || rules.max_properties || rules.unique_items;
  }

  static base::Result<bool> read_list_type(const Json& schema, SchemaRules& rules, const std::string& path) {
    const std::string& type = schema.text({"x-kubernetes-list-type"});
    if (type.empty() || type == "atomic") return false;
    if (type != "set" && type != "map")
      return bad_schema(path, fmt::format("x-kubernetes-list-type '{}' is not atomic, set or map", type));
    rules.list_set = type == "set";
    for (const Json& key : schema["x-kubernetes-list-map-keys"].items())
      rules.list_map_keys.push_back(key.string_or_empty());
    if (type == "map" && rules.list_map_keys.empty())
      return bad_schema(path, "x-kubernetes-list-type: map needs x-kubernetes-list-map-keys");
    return true;
  }
};

}  // namespace

base::Result<std::shared_ptr<const StructuralSchema>> StructuralSchema::compile(const Json& schema, Root root) {
  auto node = std::make_unique<SchemaNode>();
  SLIPWAY_TRY(Compiler().compile(schema, *node, "", 0));
  if (root == Root::kResource) {
    std::erase_if(node->properties, [](const auto& item) { return is_resource_member(item.first); });
    std::erase_if(node->required, [](const std::string& name) { return is_resource_member(name); });
    node->embedded_resource = true;
  }
  auto compiled = std::shared_ptr<StructuralSchema>(new StructuralSchema(std::move(node), root));
  compiled->expressions_ = compile_expressions(schema, root == Root::kResource, compiled->unsupported_);
  return std::shared_ptr<const StructuralSchema>(std::move(compiled));
}

}  // namespace slipway::registry
