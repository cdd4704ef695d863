#include "registry/schema_expressions.h"

#include <algorithm>
#include <fmt/core.h>

#include "cel/field_names.h"
#include "registry/schema_field_path.h"

namespace slipway::registry {

using data::Json;

namespace {

// The most that upstream lets a rule, and all rules of a definition, cost by its estimate.
constexpr std::uint64_t kMostEstimatedCost = 10'000'000, kMostEstimatedTotal = 100'000'000;
constexpr std::uint64_t kUnbounded = ~std::uint64_t{0};

std::uint64_t times(std::uint64_t left, std::uint64_t right) {
  std::uint64_t product = 0;
  return __builtin_mul_overflow(left, right, &product) ? kUnbounded : product;
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r\n";
  const auto start = text.find_first_not_of(kBlank);
  if (start == text.npos) return {};
  return text.substr(start, text.find_last_not_of(kBlank) - start + 1);
}

std::string over_budget(std::string_view what, std::uint64_t cost, std::uint64_t limit) {
  const double factor = static_cast<double>(cost) / static_cast<double>(limit);
  const std::string times_over = factor > 100   ? std::string("more than 100x")
                                 : factor < 1.5 ? fmt::format("{:f}x", factor)
                                                : fmt::format("{:.1f}x", factor);
  return fmt::format(
      "{} exceeds budget by factor of {} (try simplifying the rule, or adding maxItems, maxProperties, and maxLength "
      "where arrays, maps, and strings are declared)",
      what, times_over);
}

// How often a level may occur in one object; nothing: no bound but the size of a request.
using Cardinality = std::optional<std::uint64_t>;

Cardinality below(const Cardinality& here, const Json& schema) {
  const Json* bound = nullptr;
  if (schema.text({"type"}) == "array")
    bound = &schema["maxItems"];
  else if (schema.text({"type"}) == "object" && schema.contains("additionalProperties"))
    bound = &schema["maxProperties"];
  if (!here || bound == nullptr) return here;
  if (!bound->is_number()) return std::nullopt;
  return times(*here, static_cast<std::uint64_t>(std::max<std::int64_t>(0, bound->integer_or(0))));
}

class ExpressionCompiler {
 public:
  explicit ExpressionCompiler(std::vector<UnsupportedRule>& unsupported) : unsupported_(unsupported) {}

  // `rules` holds the rules, `schema` the types: other than `rules` inside an allOf.
  std::unique_ptr<ExpressionNode> compile(const Json& rules, const Json& schema, bool is_resource_root,
                                          const Cardinality& cardinality, const std::string& path) {
    auto node = std::make_unique<ExpressionNode>();
    read_kind(schema, *node);
    bool any = compile_rules(rules, schema, is_resource_root, cardinality, path, *node);
    const Cardinality inner = below(cardinality, schema);
    const auto child = [&](const Json& child_rules, const Json& child_schema, const std::string& child_path) {
      if (!child_rules.is_object() || !child_schema.is_object()) return std::unique_ptr<ExpressionNode>();
      auto made = compile(child_rules, child_schema, child_schema["x-kubernetes-embedded-resource"].bool_or(false),
                          inner, child_path);
      any |= made != nullptr;
      return made;
    };
    for (const auto& [name, property] : rules["properties"].members())
      if (auto made = child(property, schema["properties"][name], fmt::format("{}.properties[{}]", path, name)))
        node->properties.emplace(name, std::move(made));
    node->items = child(rules["items"], schema["items"], path + ".items");
    node->additional =
        child(rules["additionalProperties"], schema["additionalProperties"], path + ".additionalProperties");
    for (std::size_t i = 0; i < rules["allOf"].items().size(); ++i)
      if (auto made = compile(rules["allOf"].items()[i], schema, is_resource_root, cardinality,
                              fmt::format("{}.allOf[{}]", path, i))) {
        any = true;
        node->all_of.push_back(std::move(made));
      }
    return any ? std::move(node) : nullptr;
  }

  std::uint64_t total_cost() const { return total_cost_; }

 private:
  static void read_kind(const Json& schema, ExpressionNode& node) {
    node.type = schema.text({"type"});
    node.is_atomic_map = schema.text({"x-kubernetes-map-type"}) == "atomic";
    node.is_map_list = schema.text({"x-kubernetes-list-type"}) == "map";
    for (const Json& key : schema["x-kubernetes-list-map-keys"].items())
      node.list_keys.push_back(key.string_or_empty());
  }

  bool compile_rules(const Json& rules, const Json& schema, bool is_resource_root, const Cardinality& cardinality,
                     const std::string& path, ExpressionNode& node) {
    const Json::Array& list = rules["x-kubernetes-validations"].items();
    if (list.empty()) return false;
    // An allOf looks at the level around it.
    const cel::DeclarationRef self = declarations_.read(schema, is_resource_root);
    for (std::size_t i = 0; i < list.size(); ++i) {
      const std::string place = fmt::format("{}.x-kubernetes-validations[{}]", path, i);
      if (!trimmed(list[i].text({"rule"})).empty())
        node.expressions.push_back(compile_rule(list[i], schema, self, cardinality, place));
    }
    return true;
  }

  SchemaExpression compile_rule(const Json& item, const Json& schema, const cel::DeclarationRef& self,
                                const Cardinality& cardinality, const std::string& place) {
    SchemaExpression expression;
    expression.rule = item.text({"rule"});
    expression.message = trimmed(item.text({"message"}));
    expression.reason = item.text({"reason"});
    expression.optional_old = item["optionalOldSelf"].bool_or(false);
    if (self == nullptr) {
      expression.problem = "failed to convert to declType for CEL validation rules";
      unsupported_.push_back({place + ".rule", expression.rule, expression.problem, true});
      return expression;
    }
    auto program = cel::Program::compile(expression.rule, self, expression.optional_old, cel::ResultType::kBool);
    if (program) {
      const std::uint64_t often =
          cardinality.value_or(static_cast<std::uint64_t>(cel::kLargestRequest / (self->min_serialized_size + 1)));
      check_estimate("estimated rule cost", times(program->most_cost(), often), place + ".rule", expression.rule);
      expression.program = std::move(*program);
    } else {
      expression.problem = problem_of(program.error(), "compilation failed: ");
      unsupported_.push_back({place + ".rule", expression.rule, expression.problem, true});
    }
    compile_message(item, self, place, expression);
    if (const std::string& field_path = item.text({"fieldPath"}); !field_path.empty()) {
      auto normal = normalize_field_path(field_path, schema);
      if (normal)
        expression.field_path = std::move(*normal);
      else
        unsupported_.push_back({place + ".fieldPath", field_path, normal.error().message(), false});
    }
    return expression;
  }

  void compile_message(const Json& item, const cel::DeclarationRef& self, const std::string& place,
                       SchemaExpression& expression) {
    const std::string& source = item.text({"messageExpression"});
    if (source.empty()) return;
    auto program = cel::Program::compile(source, self, expression.optional_old, cel::ResultType::kString);
    if (program) {
      check_estimate("estimated messageExpression cost", program->most_cost(), place + ".messageExpression", source);
      expression.message_program = std::move(*program);
      return;
    }
    // The rule still holds; its message is the plain one.
    unsupported_.push_back({place + ".messageExpression", source,
                            problem_of(program.error(), "messageExpression compilation failed: "), false});
  }

  static std::string problem_of(const base::Error& error, std::string_view prefix) {
    return error.message().starts_with("ERROR:") ? fmt::format("{}{}", prefix, error.message())
                                                 : std::string(error.message());
  }

  void check_estimate(std::string_view what, std::uint64_t cost, const std::string& place, const std::string& source) {
    if (cost > kMostEstimatedCost)
      unsupported_.push_back({place, source, over_budget(what, cost, kMostEstimatedCost), false});
    total_cost_ = total_cost_ > kUnbounded - cost ? kUnbounded : total_cost_ + cost;
  }

  std::vector<UnsupportedRule>& unsupported_;
  cel::Declarations declarations_;
  std::uint64_t total_cost_ = 0;
};

}  // namespace

std::unique_ptr<ExpressionNode> compile_expressions(const Json& schema, bool is_resource_root,
                                                    std::vector<UnsupportedRule>& unsupported) {
  ExpressionCompiler compiler(unsupported);
  auto node = compiler.compile(schema, schema, is_resource_root, std::uint64_t{1}, "openAPIV3Schema");
  if (compiler.total_cost() > kMostEstimatedTotal)
    unsupported.push_back({"openAPIV3Schema", "",
                           over_budget("x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema",
                                       compiler.total_cost(), kMostEstimatedTotal),
                           false});
  return node;
}

}  // namespace slipway::registry
