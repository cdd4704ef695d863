#include "cel/checker.h"

#include <algorithm>
#include <fmt/core.h>
#include <fmt/ranges.h>

#include "cel/lexer.h"
#include "cel/literal_checks.h"

namespace slipway::cel {

using Kind = Expression::Kind;

namespace {

struct Problem {
  std::uint32_t position;
  std::string message;
  std::size_t order = 0;  // of being found
};

// a.b.c as one name; nothing for anything else.
std::optional<std::string> qualified_name(const Expression& expression) {
  if (expression.kind == Kind::kIdentifier) return expression.name;
  if (expression.kind != Kind::kSelect || expression.optional) return std::nullopt;
  auto prefix = qualified_name(*expression.children[0]);
  if (!prefix) return std::nullopt;
  return *prefix + "." + expression.name;
}

std::string_view without_dot(std::string_view name) {
  return name.starts_with('.') ? name.substr(1) : name;
}

class Checker {
 public:
  Checker(const std::vector<Variable>& variables, const Library& library)
      : library_(library), uses_(variables.size(), false) {
    for (const Variable& variable : variables) declare(variable.name, variable.type);
  }

  void check(Expression& expression) {
    switch (expression.kind) {
      case Kind::kLiteral:
        expression.type = expression.constant.type();
        break;
      case Kind::kIdentifier:
        check_identifier(expression);
        break;
      case Kind::kSelect:
        check_select(expression);
        break;
      case Kind::kPresence:
        select_type(expression);
        expression.type = types::boolean;
        break;
      case Kind::kCall:
        check_call(expression);
        break;
      case Kind::kIndex:
        check_children(expression);
        resolve(expression);
        break;
      case Kind::kAnd:
      case Kind::kOr:
        check_logical(expression);
        break;
      case Kind::kConditional:
        check_conditional(expression);
        break;
      case Kind::kList:
        check_list(expression);
        break;
      case Kind::kMap:
        check_map(expression);
        break;
      case Kind::kMessage:
        fail(expression, fmt::format("message literals are not supported: {}{{}}", expression.name));
        break;
      case Kind::kComprehension:
        check_comprehension(expression);
        break;
    }
    if (expression.type == nullptr) expression.type = types::broken;
  }

  // Literals have members of one type, but for the arguments of format().
  void check_mixtures(const Expression& expression) {
    const bool is_map = expression.kind == Kind::kMap;
    const std::size_t step = is_map ? 2 : 1;
    if (is_map || expression.kind == Kind::kList)
      for (std::size_t offset = 0; offset < step; ++offset)
        for (std::size_t i = step + offset; i < expression.children.size(); i += step)
          if (!same_entry(expression, offset, i)) break;
    for (const ExpressionPtr& child : expression.children)
      if (expression.kind != Kind::kCall || expression.name != "format") check_mixtures(*child);
  }

  void check_literals(const Expression& expression) {
    if (expression.kind == Kind::kCall)
      for (std::string& message : check_literal_arguments(expression))
        problems_.push_back({expression.children.back()->position, std::move(message)});
    for (const ExpressionPtr& child : expression.children) check_literals(*child);
  }

  // Replaces type variables by what was learned about them, once all is checked.
  void settle(Expression& expression) {
    expression.type = known_.apply(expression.type, true);
    for (const ExpressionPtr& child : expression.children) settle(*child);
  }

  std::vector<Problem>& problems() { return problems_; }
  int slots() const { return most_slots_; }
  std::vector<bool>& uses() { return uses_; }

 private:
  struct Local {
    std::string name;
    TypeRef type;
  };

  void fail(Expression& expression, std::string message) {
    expression.type = types::broken;
    problems_.push_back({expression.position, std::move(message)});
  }
  bool same_entry(const Expression& literal, std::size_t first, std::size_t entry) {
    const auto type_at = [&](std::size_t index) -> const TypeRef& {
      const std::size_t number = literal.kind == Kind::kMap ? index / 2 : index;
      const bool is_key = literal.kind == Kind::kMap && index % 2 == 0;
      const TypeRef& type = literal.children[index]->type;
      const bool optional = !is_key && !literal.optional_entries.empty() && literal.optional_entries[number];
      return optional && type->kind == TypeKind::kOptional ? type->parameters[0] : type;
    };
    if (same_type(*type_at(first), *type_at(entry))) return true;
    problems_.push_back(
        {literal.children[entry]->position,
         fmt::format("expected type '{}' but found '{}'", type_at(first)->text(), type_at(entry)->text())});
    return false;
  }
  int declare(std::string_view name, TypeRef type) {
    locals_.push_back({std::string(name), std::move(type)});
    most_slots_ = std::max(most_slots_, static_cast<int>(locals_.size()));
    return static_cast<int>(locals_.size()) - 1;
  }
  TypeRef fresh() { return types::parameter(fmt::format("_var{}", ++variables_)); }
  void check_children(Expression& expression) {
    for (const ExpressionPtr& child : expression.children) check(*child);
  }
  TypeRef type_of(const Expression& expression) const { return known_.apply(expression.type, false); }

  // A variable, or the name of a type.
  bool find_name(Expression& expression, std::string_view name) {
    if (!name.starts_with('.'))
      for (std::size_t i = locals_.size(); i-- > 0;)
        if (locals_[i].name == name) {
          expression.type = locals_[i].type;
          expression.slot = static_cast<int>(i);
          if (i < uses_.size()) uses_[i] = true;
          return true;
        }
    for (std::size_t i = 0; name.starts_with('.') && i < uses_.size(); ++i)
      if (locals_[i].name == without_dot(name)) {
        expression.type = locals_[i].type;
        expression.slot = static_cast<int>(i);
        uses_[i] = true;
        return true;
      }
    TypeRef type = library_.find_type(without_dot(name));
    if (type == nullptr) return false;
    expression.type = types::type_of(type);
    expression.constant = Value(std::move(type));
    expression.is_constant = true;
    return true;
  }

  void check_identifier(Expression& expression) {
    if (!find_name(expression, expression.name))
      fail(expression, fmt::format("undeclared reference to '{}' (in container '')", expression.name));
  }

  void check_select(Expression& expression) {
    if (!expression.optional)
      if (const auto name = qualified_name(expression); name && library_.find_type(without_dot(*name)) != nullptr) {
        find_name(expression, *name);
        expression.kind = Kind::kIdentifier;
        expression.name = *name;
        expression.children.clear();
        return;
      }
    expression.type = select_type(expression);
  }

  TypeRef select_type(Expression& expression) {
    check(*expression.children[0]);
    TypeRef target = type_of(*expression.children[0]);
    const bool unwrapped = target->kind == TypeKind::kOptional;
    if (unwrapped) target = target->parameters[0];
    TypeRef result = types::broken;
    switch (target->kind) {
      case TypeKind::kMap:
        result = target->parameters[1];
        break;
      case TypeKind::kObject:
        if (const Declaration* field = target->declaration->field(expression.name); field != nullptr)
          result = field->type;
        else
          problems_.push_back({expression.position, fmt::format("undefined field '{}'", expression.name)});
        break;
      case TypeKind::kParameter:
        known_.assign(types::dyn, target);
        result = types::dyn;
        break;
      case TypeKind::kDyn:
      case TypeKind::kError:
        result = types::dyn;
        break;
      default:
        problems_.push_back(
            {expression.position, fmt::format("type '{}' does not support field selection", target->text())});
        result = types::dyn;
    }
    return unwrapped || expression.optional ? types::optional(result) : result;
  }

  void check_call(Expression& expression) {
    // sets.contains(...) looks like a member call, and is a function with a dot in its name.
    if (expression.is_member)
      if (const auto prefix = qualified_name(*expression.children[0]))
        if (const std::string name = std::string(without_dot(*prefix)) + "." + expression.name;
            library_.find(name) != nullptr) {
          expression.name = name;
          expression.is_member = false;
          expression.children.erase(expression.children.begin());
        }
    // Upstream looks at the arguments before the target.
    for (std::size_t i = expression.is_member ? 1 : 0; i < expression.children.size(); ++i)
      check(*expression.children[i]);
    if (expression.is_member) check(*expression.children[0]);
    resolve(expression);
  }

  void resolve(Expression& expression) {
    const Function* function = library_.find(without_dot(expression.name));
    if (function == nullptr) {
      fail(expression, fmt::format("undeclared reference to '{}' (in container '')", expression.name));
      return;
    }
    std::vector<TypeRef> arguments;
    for (const ExpressionPtr& child : expression.children) arguments.push_back(child->type);
    TypeRef result;
    for (const auto& overload : function->overloads) {
      if (overload->is_member != expression.is_member || overload->parameters.size() != arguments.size()) continue;
      Substitutions fresh_names;
      const std::vector<TypeRef> parameters = instantiate(*overload, fresh_names);
      if (!known_.assign_all(arguments, parameters)) continue;
      expression.overloads.push_back(overload.get());
      TypeRef found = known_.apply(fresh_names.apply(overload->result, false), false);
      if (result == nullptr)
        result = std::move(found);
      else if (result->kind != TypeKind::kDyn && !same_type(*result, *found))
        result = types::dyn;
    }
    if (result == nullptr) {
      no_overload(expression);
      return;
    }
    expression.type = std::move(result);
  }

  // The overload's own type variables get names of this call.
  std::vector<TypeRef> instantiate(const Overload& overload, Substitutions& fresh_names) {
    const auto rename = [&](const auto& self, const TypeRef& type) -> void {
      if (type->kind == TypeKind::kParameter && fresh_names.find(*type) == nullptr) fresh_names.bind(*type, fresh());
      for (const TypeRef& part : type->parameters) self(self, part);
    };
    std::vector<TypeRef> parameters;
    for (const TypeRef& parameter : overload.parameters) {
      rename(rename, parameter);
      parameters.push_back(fresh_names.apply(parameter, false));
    }
    rename(rename, overload.result);
    return parameters;
  }

  void no_overload(Expression& expression) {
    std::vector<std::string> names;
    for (const ExpressionPtr& child : expression.children) names.push_back(known_.apply(child->type, true)->text());
    std::string target;
    if (expression.is_member) {
      target = names[0] + ".";
      names.erase(names.begin());
    }
    fail(expression, fmt::format("found no matching overload for '{}' applied to '{}({})'", expression.name, target,
                                 fmt::join(names, ", ")));
  }

  void expect(Expression& expression, const TypeRef& type) {
    if (!known_.assign(type, expression.type))
      problems_.push_back(
          {expression.position, fmt::format("expected type '{}' but found '{}'", known_.apply(type, true)->text(),
                                            type_of(expression)->text())});
  }

  void check_logical(Expression& expression) {
    check_children(expression);
    for (const ExpressionPtr& term : expression.children)
      if (!known_.assign(term->type, types::boolean))
        problems_.push_back(
            {term->position, fmt::format("expected type 'bool' but found '{}'", type_of(*term)->text())});
    expression.type = types::boolean;
  }

  void check_conditional(Expression& expression) {
    check_children(expression);
    const TypeRef result = fresh();
    const std::vector<TypeRef> wanted = {types::boolean, result, result};
    std::vector<TypeRef> given;
    for (const ExpressionPtr& child : expression.children) given.push_back(child->type);
    if (known_.assign_all(given, wanted))
      expression.type = known_.apply(result, false);
    else
      no_overload(expression);
  }

  TypeRef unwrap_entry(Expression& entry, bool optional) {
    TypeRef type = entry.type;
    if (!optional) return type;
    const TypeRef known = type_of(entry);
    if (known->kind == TypeKind::kOptional) return known->parameters[0];
    if (known->kind != TypeKind::kDyn)
      problems_.push_back({entry.position, fmt::format("expected type '{}' but found '{}'",
                                                       types::optional(known)->text(), known->text())});
    return type;
  }

  // The type of the members of a literal; check_mixtures() refuses what does not fit.
  TypeRef join(const TypeRef& previous, const TypeRef& current) {
    if (previous == nullptr) return current;
    return known_.assign(previous, current) ? most_general(previous, current) : types::dyn;
  }

  void check_list(Expression& expression) {
    TypeRef item;
    for (std::size_t i = 0; i < expression.children.size(); ++i) {
      Expression& child = *expression.children[i];
      check(child);
      const bool optional = !expression.optional_entries.empty() && expression.optional_entries[i];
      const TypeRef current = unwrap_entry(child, optional);
      item = join(item, current);
    }
    expression.type = types::list(item != nullptr ? item : fresh());
  }

  void check_map(Expression& expression) {
    TypeRef key, value;
    for (std::size_t i = 0; i + 1 < expression.children.size(); i += 2) {
      Expression &key_child = *expression.children[i], &value_child = *expression.children[i + 1];
      check(key_child);
      key = join(key, key_child.type);
      check(value_child);
      const bool optional = !expression.optional_entries.empty() && expression.optional_entries[i / 2];
      value = join(value, unwrap_entry(value_child, optional));
    }
    expression.type = types::map(key != nullptr ? key : fresh(), value != nullptr ? value : fresh());
  }

  void check_comprehension(Expression& expression) {
    Expression& range = *expression.children[Expression::kRange];
    Expression& initial = *expression.children[Expression::kInitial];
    check(range);
    check(initial);
    const TypeRef range_type = type_of(range);
    TypeRef first = types::broken, second = types::broken;
    switch (range_type->kind) {
      case TypeKind::kList:
        first = expression.has_second_variable() ? types::integer : range_type->parameters[0];
        second = range_type->parameters[0];
        break;
      case TypeKind::kMap:
        first = range_type->parameters[0];
        second = range_type->parameters[1];
        break;
      case TypeKind::kParameter:
        known_.assign(types::dyn, range_type);
        [[fallthrough]];
      case TypeKind::kDyn:
      case TypeKind::kError:
        first = second = types::dyn;
        break;
      default:
        problems_.push_back(
            {range.position,
             fmt::format("expression of type '{}' cannot be range of a comprehension (must be list, map, or dynamic)",
                         range_type->text())});
    }
    const std::size_t outside = locals_.size();
    const TypeRef accumulator = initial.type;
    expression.first_slot = declare(expression.accumulator, accumulator);
    declare(expression.variable, first);
    if (expression.has_second_variable()) declare(expression.second_variable, second);
    check(*expression.children[Expression::kCondition]);
    expect(*expression.children[Expression::kCondition], types::boolean);
    check(*expression.children[Expression::kStep]);
    expect(*expression.children[Expression::kStep], accumulator);
    locals_.resize(outside + 1);
    check(*expression.children[Expression::kResult]);
    locals_.resize(outside);
    expression.type = type_of(*expression.children[Expression::kResult]);
  }

  const Library& library_;
  Substitutions known_;
  std::vector<Local> locals_;
  std::vector<bool> uses_;
  std::vector<Problem> problems_;
  int variables_ = 0;
  int most_slots_ = 0;
};

std::string describe(std::string_view source, std::vector<Problem>& problems) {
  for (std::size_t i = 0; i < problems.size(); ++i) problems[i].order = i;
  std::ranges::sort(problems, {}, [](const Problem& problem) { return std::pair(problem.position, problem.order); });
  std::vector<std::string> lines;
  for (const Problem& problem : problems) lines.push_back(error_at(source, problem.position, problem.message));
  return fmt::format("{}", fmt::join(lines, "\n"));
}

}  // namespace

base::Result<CheckedExpression> check(std::string_view source, ExpressionPtr root,
                                      const std::vector<Variable>& variables, const Library& library) {
  Checker checker(variables, library);
  checker.check(*root);
  if (checker.problems().empty()) {
    checker.settle(*root);
    checker.check_mixtures(*root);
    checker.check_literals(*root);
  }
  if (!checker.problems().empty()) return base::fail(base::ErrorCode::kInvalid, describe(source, checker.problems()));
  return CheckedExpression{std::move(root), checker.slots(), std::move(checker.uses())};
}

}  // namespace slipway::cel
