#include "cel/prepare.h"

#include <algorithm>
#include <array>

#include "cel/evaluator.h"
#include "cel/library.h"

namespace slipway::cel {

using Kind = Expression::Kind;

namespace {

constexpr std::uint64_t kNoLimit = ~std::uint64_t{0};

bool is_conversion(std::string_view name) {
  constexpr std::array<std::string_view, 10> kNames = {"bool", "bytes",  "double",    "duration", "dyn",
                                                       "int",  "string", "timestamp", "type",     "uint"};
  return std::ranges::find(kNames, name) != kNames.end();
}

bool is_constant_now(const Expression& expression) {
  const bool all =
      std::ranges::all_of(expression.children, [](const ExpressionPtr& child) { return child->is_constant; });
  if (!all) return false;
  if (expression.kind == Kind::kList || expression.kind == Kind::kMap) return true;
  return expression.kind == Kind::kCall && expression.children.size() == 1 && is_conversion(expression.name);
}

bool is_literal_set(const Expression& membership) {
  const Expression& list = *membership.children[1];
  if (!list.is_constant || list.constant.get<List>() == nullptr || membership.overloads.size() != 1) return false;
  return std::ranges::all_of(*list.constant.get<List>()->items, [](const Value& item) {
    return item.is_number() || item.string() != nullptr || item.get<bool>() != nullptr;
  });
}

}  // namespace

base::Status prepare(Expression& expression) {
  for (const ExpressionPtr& child : expression.children) SLIPWAY_TRY(prepare(*child));
  if (expression.is_constant) return {};
  if (is_constant_now(expression)) {
    Value value = Evaluator(0, kNoLimit).run(expression);
    if (value.is_error())
      return base::fail(base::ErrorCode::kInvalid, "program instantiation failed: " + value.error_message());
    expression.constant = std::move(value);
    expression.is_constant = true;
    return {};
  }
  if (expression.kind == Kind::kCall && expression.name == operators::kIn && is_literal_set(expression)) {
    expression.free_membership = true;
    // Nothing is in an empty list, whatever it is.
    if (size_of(*expression.children[1]->constant.get<List>()) == 0) {
      expression.constant = false;
      expression.is_constant = true;
      return {};
    }
  }
  const bool has_pattern = expression.name == "matches" || expression.name == "find" || expression.name == "findAll";
  if (expression.kind == Kind::kCall && has_pattern && expression.children.size() >= 2)
    if (const Expression& pattern = *expression.children[1];
        pattern.is_constant && pattern.constant.string() != nullptr) {
      std::string problem;
      expression.prepared = compile_pattern(*pattern.constant.string(), problem);
      if (expression.prepared == nullptr)
        return base::fail(base::ErrorCode::kInvalid, "program instantiation failed: " + problem);
    }
  return {};
}

}  // namespace slipway::cel
