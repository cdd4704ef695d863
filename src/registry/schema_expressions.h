#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cel/program.h"
#include "data/json.h"
#include "registry/field_errors.h"
#include "registry/schema.h"

// The rules (x-kubernetes-validations) of a schema, compiled, in a tree beside the schema's own. Internal to the schema
// files. Order, words and bounds: k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel.
namespace slipway::registry {

struct SchemaExpression {
  std::string rule, message, reason, field_path;
  std::optional<cel::Program> program, message_program;
  std::string problem;  // not empty: the rule does not compile, and refuses every value
  bool optional_old = false;
};

// One level of the schema that has rules, at it or below.
struct ExpressionNode {
  std::string type;  // of the level, as errors show it
  bool is_map_list = false, is_atomic_map = false;
  std::vector<std::string> list_keys;
  std::vector<SchemaExpression> expressions;
  std::map<std::string, std::unique_ptr<ExpressionNode>, std::less<>> properties;
  std::unique_ptr<ExpressionNode> additional, items;
  std::vector<std::unique_ptr<ExpressionNode>> all_of;
};

// Null when the schema has no rules. Appends what cannot be evaluated, or may cost too much, to `unsupported`.
std::unique_ptr<ExpressionNode> compile_expressions(const data::Json& schema, bool is_resource_root,
                                                    std::vector<UnsupportedRule>& unsupported);

// Evaluates the rules over `value`, within the cost of one object. `old` is the value before an update, or null.
void check_expressions(const ExpressionNode& node, const data::Json& value, const data::Json* old, FieldErrors& errors,
                       std::string_view path);

}  // namespace slipway::registry
