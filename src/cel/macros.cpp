#include "cel/macros.h"

#include <fmt/core.h>

namespace slipway::cel {

using Kind = Expression::Kind;

namespace {

using Expanded = std::expected<ExpressionPtr, SyntaxError>;

// optMap and optFlatMap repeat their target, so that a chain of them doubles with each link.
constexpr std::size_t kMostCopiedNodes = 10'000;

// Makes the nodes of one expansion, all at the place of the macro.
class Builder {
 public:
  explicit Builder(std::uint32_t position) : position_(position) {}

  ExpressionPtr node(Kind kind, std::string_view name = "") const {
    auto expression = std::make_unique<Expression>();
    expression->kind = kind;
    expression->position = position_;
    expression->name = name;
    return expression;
  }
  template <typename... Children>
  ExpressionPtr node(Kind kind, std::string_view name, Children... children) const {
    auto expression = node(kind, name);
    (expression->children.push_back(std::move(children)), ...);
    return expression;
  }
  template <typename... Children>
  ExpressionPtr call(std::string_view name, Children... children) const {
    return node(Kind::kCall, name, std::move(children)...);
  }
  template <typename... Children>
  ExpressionPtr member_call(std::string_view name, Children... children) const {
    auto expression = call(name, std::move(children)...);
    expression->is_member = true;
    return expression;
  }
  ExpressionPtr literal(Value value) const {
    auto expression = node(Kind::kLiteral);
    expression->constant = std::move(value);
    expression->is_constant = true;
    return expression;
  }
  ExpressionPtr identifier(std::string_view name) const { return node(Kind::kIdentifier, name); }
  ExpressionPtr accumulator() const { return identifier(kAccumulator); }
  ExpressionPtr conditional(ExpressionPtr condition, ExpressionPtr yes, ExpressionPtr no) const {
    return node(Kind::kConditional, operators::kConditional, std::move(condition), std::move(yes), std::move(no));
  }
  // accumulator + [item]
  ExpressionPtr append(ExpressionPtr item) const {
    auto sum = call(operators::kAdd, accumulator(), node(Kind::kList, "", std::move(item)));
    sum->grows_accumulator = true;
    return sum;
  }
  ExpressionPtr loop(ExpressionPtr range, std::vector<std::string> variables, std::string_view accumulator,
                     ExpressionPtr initial, ExpressionPtr condition, ExpressionPtr step, ExpressionPtr result) const {
    auto expression = node(Kind::kComprehension, "", std::move(range), std::move(initial), std::move(condition),
                           std::move(step), std::move(result));
    expression->variable = std::move(variables[0]);
    if (variables.size() > 1) expression->second_variable = std::move(variables[1]);
    expression->accumulator = accumulator;
    return expression;
  }

 private:
  std::uint32_t position_;
};

using Names = std::expected<std::vector<std::string>, SyntaxError>;

Names variable_names(const std::vector<ExpressionPtr>& arguments, std::size_t count, std::string_view wrong) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < count; ++i) {
    const Expression& argument = *arguments[i];
    if (argument.kind != Kind::kIdentifier || argument.name.starts_with('.'))
      return std::unexpected(SyntaxError{argument.position, std::string(wrong)});
    if (argument.name == kAccumulator || argument.name == "__result__")
      return std::unexpected(SyntaxError{argument.position, "iteration variable overwrites accumulator variable"});
    names.push_back(argument.name);
  }
  if (count == 2 && names[0] == names[1])
    return std::unexpected(SyntaxError{arguments[1]->position, fmt::format("duplicate variable name: {}", names[0])});
  return names;
}

constexpr std::string_view kNotSimple = "argument must be a simple name";
constexpr std::string_view kNotIdentifier = "argument is not an identifier";

Expanded expand_all(const Builder& make, ExpressionPtr target, std::vector<ExpressionPtr>& arguments) {
  const std::size_t count = arguments.size() - 1;
  Names names = variable_names(arguments, count, kNotSimple);
  if (!names) return std::unexpected(names.error());
  auto step = make.node(Kind::kAnd, operators::kAnd, make.accumulator(), std::move(arguments[count]));
  return make.loop(std::move(target), std::move(*names), kAccumulator, make.literal(true),
                   make.call(operators::kNotStrictlyFalse, make.accumulator()), std::move(step), make.accumulator());
}

Expanded expand_exists(const Builder& make, ExpressionPtr target, std::vector<ExpressionPtr>& arguments) {
  const std::size_t count = arguments.size() - 1;
  Names names = variable_names(arguments, count, kNotSimple);
  if (!names) return std::unexpected(names.error());
  auto step = make.node(Kind::kOr, operators::kOr, make.accumulator(), std::move(arguments[count]));
  return make.loop(std::move(target), std::move(*names), kAccumulator, make.literal(false),
                   make.call(operators::kNotStrictlyFalse, make.call(operators::kNot, make.accumulator())),
                   std::move(step), make.accumulator());
}

Expanded expand_exists_one(const Builder& make, ExpressionPtr target, std::vector<ExpressionPtr>& arguments) {
  const std::size_t count = arguments.size() - 1;
  Names names = variable_names(arguments, count, kNotSimple);
  if (!names) return std::unexpected(names.error());
  auto more = make.call(operators::kAdd, make.accumulator(), make.literal(std::int64_t{1}));
  auto step = make.conditional(std::move(arguments[count]), std::move(more), make.accumulator());
  return make.loop(std::move(target), std::move(*names), kAccumulator, make.literal(std::int64_t{0}),
                   make.literal(true), std::move(step),
                   make.call(operators::kEquals, make.accumulator(), make.literal(std::int64_t{1})));
}

// map(x, value), map(x, filter, value), transformList(i, x, value), transformList(i, x, filter, value).
Expanded expand_map(const Builder& make, ExpressionPtr target, std::vector<ExpressionPtr>& arguments,
                    std::size_t variables) {
  Names names = variable_names(arguments, variables, variables == 1 ? kNotIdentifier : kNotSimple);
  if (!names) return std::unexpected(names.error());
  auto step = make.append(std::move(arguments.back()));
  if (arguments.size() == variables + 2)
    step = make.conditional(std::move(arguments[variables]), std::move(step), make.accumulator());
  return make.loop(std::move(target), std::move(*names), kAccumulator, make.node(Kind::kList), make.literal(true),
                   std::move(step), make.accumulator());
}

Expanded expand_filter(const Builder& make, ExpressionPtr target, std::vector<ExpressionPtr>& arguments) {
  Names names = variable_names(arguments, 1, kNotIdentifier);
  if (!names) return std::unexpected(names.error());
  auto step = make.conditional(std::move(arguments[1]), make.append(std::move(arguments[0])), make.accumulator());
  return make.loop(std::move(target), std::move(*names), kAccumulator, make.node(Kind::kList), make.literal(true),
                   std::move(step), make.accumulator());
}

// transformMap(k, v[, filter], value) keeps the keys, transformMapEntry(k, v[, filter], entries) makes them.
Expanded expand_map_entries(const Builder& make, ExpressionPtr target, std::vector<ExpressionPtr>& arguments,
                            bool keeps_keys) {
  Names names = variable_names(arguments, 2, kNotSimple);
  if (!names) return std::unexpected(names.error());
  auto step = keeps_keys ? make.call(operators::kMapInsert, make.accumulator(), make.identifier((*names)[0]),
                                     std::move(arguments.back()))
                         : make.call(operators::kMapInsert, make.accumulator(), std::move(arguments.back()));
  step->grows_accumulator = true;
  if (arguments.size() == 4) step = make.conditional(std::move(arguments[2]), std::move(step), make.accumulator());
  return make.loop(std::move(target), std::move(*names), kAccumulator, make.node(Kind::kMap), make.literal(true),
                   std::move(step), make.accumulator());
}

// Gives a value a name: a loop that never runs.
ExpressionPtr bind(const Builder& make, std::string_view name, ExpressionPtr value, ExpressionPtr in) {
  return make.loop(make.node(Kind::kList), {"#unused"}, name, std::move(value), make.literal(false),
                   make.identifier(name), std::move(in));
}

Expanded expand_optional_map(const Builder& make, std::string_view macro, ExpressionPtr target,
                             std::vector<ExpressionPtr>& arguments) {
  const Expression& name = *arguments[0];
  if (name.kind != Kind::kIdentifier)
    return std::unexpected(
        SyntaxError{name.position, fmt::format("{}() variable name must be a simple identifier", macro)});
  auto again = copy(*target);
  auto transformed = bind(make, name.name, make.member_call("value", std::move(again)), std::move(arguments[1]));
  if (macro == "optMap") transformed = make.call("optional.of", std::move(transformed));
  return make.conditional(make.member_call("hasValue", std::move(target)), std::move(transformed),
                          make.call("optional.none"));
}

Expanded expand_sort_by(const Builder& make, ExpressionPtr target, std::vector<ExpressionPtr>& arguments) {
  constexpr std::string_view kInput = "@__sortBy_input__";
  if (target->kind == Kind::kLiteral || target->kind == Kind::kMap)
    return std::unexpected(
        SyntaxError{target->position,
                    "sortBy can only be applied to a list, identifier, comprehension, call or select expression"});
  Expanded keys = expand_map(make, make.identifier(kInput), arguments, 1);
  if (!keys) return keys;
  auto sorted = make.member_call(operators::kSortBy, make.identifier(kInput), std::move(*keys));
  return bind(make, kInput, std::move(target), std::move(sorted));
}

Expanded expand_has(const Builder& make, std::vector<ExpressionPtr>& arguments) {
  Expression& select = *arguments[0];
  if (select.kind != Kind::kSelect || select.optional)
    return std::unexpected(SyntaxError{select.position, "invalid argument to has() macro"});
  return make.node(Kind::kPresence, select.name, std::move(select.children[0]));
}

std::size_t count_nodes(const Expression& expression) {
  std::size_t count = 1;
  for (const ExpressionPtr& child : expression.children) count += count_nodes(*child);
  return count;
}

}  // namespace

std::expected<bool, SyntaxError> expand_macro(std::string_view name, ExpressionPtr& target,
                                              std::vector<ExpressionPtr>& arguments, std::uint32_t position,
                                              ExpressionPtr& result) {
  const Builder make(position);
  const std::size_t count = arguments.size();
  const auto done = [&](Expanded expanded) -> std::expected<bool, SyntaxError> {
    if (!expanded) return std::unexpected(expanded.error());
    result = std::move(*expanded);
    return true;
  };
  if (target == nullptr) return name == "has" && count == 1 ? done(expand_has(make, arguments)) : false;
  const bool one_or_two = count == 2 || count == 3;
  if (name == "all" && one_or_two) return done(expand_all(make, std::move(target), arguments));
  if (name == "exists" && one_or_two) return done(expand_exists(make, std::move(target), arguments));
  if ((name == "existsOne" && one_or_two) || (name == "exists_one" && one_or_two))
    return done(expand_exists_one(make, std::move(target), arguments));
  if (name == "map" && one_or_two) return done(expand_map(make, std::move(target), arguments, 1));
  if (name == "filter" && count == 2) return done(expand_filter(make, std::move(target), arguments));
  const bool three_or_four = count == 3 || count == 4;
  if (name == "transformList" && three_or_four) return done(expand_map(make, std::move(target), arguments, 2));
  if (name == "transformMap" && three_or_four)
    return done(expand_map_entries(make, std::move(target), arguments, true));
  if (name == "transformMapEntry" && three_or_four)
    return done(expand_map_entries(make, std::move(target), arguments, false));
  if ((name == "optMap" || name == "optFlatMap") && count == 2) {
    if (count_nodes(*target) > kMostCopiedNodes)
      return std::unexpected(
          SyntaxError{position, "expression too large: a chain of optMap or optFlatMap repeats its start"});
    return done(expand_optional_map(make, name, std::move(target), arguments));
  }
  if (name == "sortBy" && count == 2) return done(expand_sort_by(make, std::move(target), arguments));
  return false;
}

}  // namespace slipway::cel
