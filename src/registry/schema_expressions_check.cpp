#include <algorithm>
#include <fmt/core.h>

#include "registry/schema_expressions.h"

namespace slipway::registry {

using data::Json;

namespace {

// What an update kept: the nearest level that has a counterpart in the old object.
struct Correlation {
  const Json* value = nullptr;
  const Json* old = nullptr;
  bool is_unchanged() const { return value != nullptr && old != nullptr && *value == *old; }
};

constexpr std::string_view kNoBudget =
    "validation failed due to running out of cost budget, no further validation rules will be run";

class ExpressionChecker {
 public:
  explicit ExpressionChecker(FieldErrors& errors) : errors_(errors) {}

  // `correlated`: this very level has the counterpart `nearest.old`. False: nothing more is evaluated.
  bool check(const ExpressionNode& node, const Json& value, const Json* old, const Correlation& nearest,
             const Correlation& parent, const std::string& path) {
    if (value.is_null()) return true;
    if (old != nullptr && old->is_null()) old = nullptr;
    if (!check_rules(node, value, old, nearest, path)) return false;
    for (const auto& alternative : node.all_of)
      if (!check(*alternative, value, old, parent, parent, path)) return false;
    if (value.is_array()) return check_items(node, value, old, nearest, path);
    if (value.is_object()) return check_members(node, value, old, nearest, path);
    return true;
  }

 private:
  bool check_items(const ExpressionNode& node, const Json& value, const Json* old, const Correlation& nearest,
                   const std::string& path) {
    if (node.items == nullptr) return true;
    for (std::size_t i = 0; i < value.items().size(); ++i) {
      const Json& item = value.items()[i];
      const Json* before = node.is_map_list && old != nullptr ? find_item(node, *old, item) : nullptr;
      const Correlation mine = before != nullptr ? Correlation{&item, before} : nearest;
      if (!check(*node.items, item, before, mine, nearest, fmt::format("{}[{}]", path, i))) return false;
    }
    return true;
  }

  static const Json* find_item(const ExpressionNode& node, const Json& old, const Json& item) {
    const auto found = std::ranges::find_if(old.items(), [&](const Json& other) {
      return std::ranges::all_of(node.list_keys, [&](const std::string& key) { return other[key] == item[key]; });
    });
    return found == old.items().end() ? nullptr : &*found;
  }

  bool check_members(const ExpressionNode& node, const Json& value, const Json* old, const Correlation& nearest,
                     const std::string& path) {
    const auto visit = [&](const ExpressionNode& child, const std::string& name, const Json& member,
                           std::string member_path) {
      const Json* before = old != nullptr && old->contains(name) ? &(*old)[name] : nullptr;
      const Correlation mine = before != nullptr ? Correlation{&member, before} : nearest;
      return check(child, member, before, mine, nearest, member_path);
    };
    if (node.additional != nullptr)
      for (const auto& [name, member] : value.members())
        if (!visit(*node.additional, name, member, fmt::format("{}[{}]", path, name))) return false;
    for (const auto& [name, child] : node.properties)
      if (const auto member = value.members().find(name); member != value.members().end())
        if (!visit(*child, name, member->second, path.empty() ? name : path + "." + name)) return false;
    return true;
  }

  bool check_rules(const ExpressionNode& node, const Json& value, const Json* old, const Correlation& nearest,
                   const std::string& path) {
    if (node.expressions.empty()) return true;
    const std::string field = path.empty() ? "<nil>" : path;
    if (budget_ <= 0) return stop(node, field, kNoBudget);
    for (const SchemaExpression& expression : node.expressions) {
      if (!expression.program) {
        add_typed(node, field, "rule compile error: " + expression.problem);
        continue;
      }
      const bool uses_old = expression.program->uses_old();
      if (uses_old && old == nullptr && !expression.optional_old) continue;
      const cel::Evaluation evaluation = expression.program->evaluate(value, old);
      if (evaluation.cost > static_cast<std::uint64_t>(budget_)) return stop(node, field, kNoBudget);
      budget_ -= static_cast<std::int64_t>(evaluation.cost);
      if (evaluation.value.is_true()) continue;
      if (evaluation.value.is_error()) {
        if (!add_failure(node, expression, evaluation.value.error_message(), field)) return false;
        continue;
      }
      // What an update did not touch is not held against it.
      const bool forgiven = !uses_old && nearest.is_unchanged();
      if (!add_refusal(node, expression, value, old, path, forgiven)) return false;
    }
    return true;
  }

  // An expression that has no value.
  bool add_failure(const ExpressionNode& node, const SchemaExpression& expression, std::string_view problem,
                   const std::string& field) {
    const std::string_view shown = expression.message.empty() ? std::string_view(expression.rule) : expression.message;
    if (problem.starts_with("no such overload")) {
      add_typed(node, field,
                fmt::format(
                    "'{}': call arguments did not match a supported operator, function or macro signature for rule: {}",
                    problem, shown));
    } else if (problem.starts_with("operation cancelled: actual cost limit exceeded")) {
      return stop(
          node, field,
          fmt::format("'{}': no further validation rules will be run due to call cost exceeds limit for rule: {}",
                      problem, shown));
    } else {
      add_typed(node, field, fmt::format("{} evaluating rule: {}", problem, shown));
    }
    return true;
  }

  bool add_refusal(const ExpressionNode& node, const SchemaExpression& expression, const Json& value, const Json* old,
                   const std::string& path, bool forgiven) {
    std::string field = path.empty() ? expression.field_path : path;
    if (!path.empty() && !expression.field_path.empty()) field += "." + expression.field_path;
    if (field.empty()) field = "<nil>";
    std::string detail = expression.message.empty() ? "failed rule: " + trim(expression.rule) : expression.message;
    if (expression.message_program) {
      std::string problem;
      const auto text = evaluate_message(expression, value, old, problem);
      if (!problem.empty()) {
        if (!forgiven) add_typed(node, field, problem);
        return false;
      }
      if (text) detail = *text;
    }
    if (!forgiven) errors_.push_back(refusal(node, expression.reason, field, value, detail));
    return true;
  }

  static std::string trim(const std::string& text) {
    constexpr std::string_view kBlank = " \t\r\n";
    const auto start = text.find_first_not_of(kBlank);
    return start == text.npos ? "" : text.substr(start, text.find_last_not_of(kBlank) - start + 1);
  }

  // Nothing: the rule's plain message stands. `problem`: no further rules are run.
  std::optional<std::string> evaluate_message(const SchemaExpression& expression, const Json& value, const Json* old,
                                              std::string& problem) {
    if (expression.message_program->uses_old() && old == nullptr && !expression.optional_old) return std::nullopt;
    const cel::Evaluation evaluation = expression.message_program->evaluate(value, old);
    if (evaluation.cost > static_cast<std::uint64_t>(budget_)) {
      problem =
          "messageExpression evaluation failed due to running out of cost budget, no further validation rules will be "
          "run";
      return std::nullopt;
    }
    if (evaluation.value.is_error()) {
      if (evaluation.value.error_message().starts_with("operation cancelled: actual cost limit exceeded"))
        problem = "no further validation rules will be run due to call cost exceeds limit for messageExpression";
      budget_ -= static_cast<std::int64_t>(evaluation.cost);
      return std::nullopt;
    }
    budget_ -= static_cast<std::int64_t>(evaluation.cost);
    if (evaluation.value.string() == nullptr) return std::nullopt;
    std::string text = trim(std::string(*evaluation.value.string()));
    if (text.empty() || text.size() > cel::kLongestMessage || text.find('\n') != text.npos) return std::nullopt;
    return text;
  }

  static base::FieldError refusal(const ExpressionNode& node, std::string_view reason, const std::string& field,
                                  const Json& value, std::string_view detail) {
    // Objects and lists are not repeated in the message.
    const bool is_shown = node.type != "object" && node.type != "array";
    if (reason == "FieldValueForbidden") return forbidden_value(field, detail);
    if (reason == "FieldValueRequired") return required_value(field, detail);
    if (reason == "FieldValueDuplicate")
      return is_shown ? duplicate_value(field, value)
                      : base::FieldError{field, "FieldValueDuplicate", "Duplicate value"};
    if (is_shown) return invalid_value(field, value, detail);
    return {field, "FieldValueInvalid", fmt::format("Invalid value: {}", detail)};
  }

  void add_typed(const ExpressionNode& node, const std::string& field, std::string_view detail) {
    errors_.push_back(invalid_value(field, Json(node.type), detail));
  }
  bool stop(const ExpressionNode& node, const std::string& field, std::string_view detail) {
    add_typed(node, field, detail);
    return false;
  }

  FieldErrors& errors_;
  std::int64_t budget_ = cel::kCostPerObject;
};

}  // namespace

void check_expressions(const ExpressionNode& node, const Json& value, const Json* old, FieldErrors& errors,
                       std::string_view path) {
  const Correlation root = old != nullptr ? Correlation{&value, old} : Correlation{};
  ExpressionChecker(errors).check(node, value, old, root, Correlation{}, std::string(path));
}

}  // namespace slipway::registry
