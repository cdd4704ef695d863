#include "cel/evaluator.h"

#include <algorithm>
#include <boost/container/small_vector.hpp>
#include <cmath>
#include <fmt/core.h>
#include <fmt/ranges.h>

namespace slipway::cel {

using Kind = Expression::Kind;

namespace {

// A chain of names and indices upon a variable is one attribute; one upon anything else costs a step more.
bool is_attribute(const Expression& expression) {
  switch (expression.kind) {
    case Kind::kIdentifier:
    case Kind::kSelect:
    case Kind::kIndex:
    case Kind::kConditional:
      return true;
    default:
      return false;
  }
}

bool is_key(const Value& value) {
  switch (value.kind()) {
    case TypeKind::kBool:
    case TypeKind::kInt:
    case TypeKind::kUint:
    case TypeKind::kString:
      return true;
    default:
      return false;
  }
}

Value no_such_key(const Value& key) {
  return Value::error(fmt::format("no such key: {}", key.show()));
}

// The member or item of a value by a key; nothing when it is not there. An error value when that may not be asked.
std::optional<Value> find_member(const Value& target, const Value& key) {
  if (const Map* map = target.get<Map>()) return find_in(*map, key);
  if (const List* list = target.get<List>()) {
    std::int64_t index = -1;
    if (const auto* number = key.get<std::int64_t>()) {
      index = *number;
    } else if (const auto* natural = key.get<std::uint64_t>(); natural != nullptr && *natural >> 63 == 0) {
      index = static_cast<std::int64_t>(*natural);
    } else if (const auto* real = key.get<double>();
               real != nullptr && std::fabs(*real) < 0x1p62 && std::trunc(*real) == *real) {
      index = static_cast<std::int64_t>(*real);
    } else if (key.is_number()) {
      return Value::error(fmt::format("unsupported index value {} in list", key.show()));
    } else {
      return Value::error(fmt::format("unsupported index type '{}' in list", key.type()->name));
    }
    if (index < 0 || index >= static_cast<std::int64_t>(size_of(*list))) return std::nullopt;
    return item_of(*list, static_cast<std::size_t>(index));
  }
  return std::nullopt;
}

std::uint64_t cost_of(const Expression& call, const Overload& overload, std::span<const Value> arguments,
                      const Value& result) {
  if (call.free_membership) return 0;
  if (is_charged_by_overload(overload) && call.overloads.size() > 1) return 1;
  return call_cost(overload, arguments, result);
}

// Upstream names the function, and mostly the types, where it is no operator.
Value no_such_overload(const Expression& call, std::span<const Value> arguments) {
  static constexpr std::string_view kUnguarded[] = {"contains", "startsWith", "endsWith", "matches"};
  const char first = call.name.empty() ? '_' : call.name[0];
  const bool is_operator = first == '_' || first == '-' || first == '!' || first == '@';
  if (is_operator || std::ranges::find(kUnguarded, call.name) != std::end(kUnguarded)) return Value::no_such_overload();
  if (call.name == "size") return Value::error("no such overload: size");
  std::vector<std::string> names;
  for (const Value& argument : arguments) names.push_back(argument.type()->name);
  return Value::error(fmt::format("no such overload: {}({})", call.name, fmt::join(names, ", ")));
}

Value get_member(const Value& target, const Value& key) {
  if (target.is_error()) return target;
  if (const Optional* optional = target.get<Optional>()) {
    if (optional->value == nullptr) return target;
    auto found = find_member(*optional->value, key);
    if (found && found->is_error()) return *found;
    return found ? Value::some(std::move(*found)) : Value::none();
  }
  if (auto found = find_member(target, key)) return std::move(*found);
  if (target.get<List>() != nullptr) return Value::error(fmt::format("index out of bounds: {}", key.show()));
  return no_such_key(key);
}

Value get_optional_member(const Value& target, const Value& key) {
  if (target.is_error()) return target;
  const Value* inner = &target;
  if (const Optional* optional = target.get<Optional>()) {
    if (optional->value == nullptr) return target;
    inner = optional->value.get();
  }
  auto found = find_member(*inner, key);
  if (found && found->is_error()) return *found;
  return found ? Value::some(std::move(*found)) : Value::none();
}

}  // namespace

Value Evaluator::cancelled() const {
  return Value::error("operation cancelled: actual cost limit exceeded");
}

bool Evaluator::charge(std::uint64_t cost) {
  if (__builtin_add_overflow(cost_, cost, &cost_)) cost_ = ~std::uint64_t{0};
  return cost_ <= cost_limit_;
}

Value Evaluator::run(const Expression& root) {
  Value result = evaluate(root);
  if (is_cancelled()) return cancelled();
  return result;
}

Value Evaluator::evaluate(const Expression& expression) {
  if (is_cancelled()) return cancelled();
  if (expression.is_constant) return expression.constant;
  switch (expression.kind) {
    case Kind::kLiteral:
      return expression.constant;
    case Kind::kIdentifier:
      charge(1);
      return slots_[static_cast<std::size_t>(expression.slot)];
    case Kind::kSelect:
      return select(expression);
    case Kind::kPresence:
      return has_member(expression);
    case Kind::kIndex:
      return index(expression);
    case Kind::kCall:
      return call(expression);
    case Kind::kAnd:
    case Kind::kOr:
      return logical(expression);
    case Kind::kConditional: {
      const Value condition = evaluate(*expression.children[0]);
      if (condition.is_error()) return condition;
      if (condition.get<bool>() == nullptr) return Value::no_such_overload();
      return evaluate_branch(*expression.children[condition.is_true() ? 1 : 2]);
    }
    case Kind::kList:
      return make_list(expression);
    case Kind::kMap:
      return make_map(expression);
    case Kind::kComprehension:
      return loop(expression);
    case Kind::kMessage:
      break;
  }
  return Value::error("unsupported expression");
}

// A name or a chain of names costs one step less as a branch of a conditional.
Value Evaluator::evaluate_branch(const Expression& expression) {
  Value value = evaluate(expression);
  const bool is_chain = expression.kind == Kind::kSelect || expression.kind == Kind::kIndex ||
                        (expression.kind == Kind::kIdentifier && !expression.is_constant);
  if (is_chain && cost_ > 0 && !is_cancelled()) --cost_;
  return value;
}

Value Evaluator::select(const Expression& expression) {
  const Expression& operand = *expression.children[0];
  const Value target = evaluate(operand);
  charge(is_attribute(operand) ? 0 : 1);
  if (target.is_error()) return target;
  const Value key = Value::view(expression.name);
  return expression.optional ? optional_member(target, key) : plain_member(target, key);
}

Value Evaluator::has_member(const Expression& expression) {
  const Expression& operand = *expression.children[0];
  const Value target = evaluate(operand);
  if (target.is_error()) return target;
  if (!is_attribute(operand)) charge(1);
  const Value found = get_optional_member(target, Value::view(expression.name));
  if (found.is_error()) {
    // A member that is there with a value that its schema does not allow.
    return found;
  }
  return found.get<Optional>() != nullptr && found.get<Optional>()->value != nullptr;
}

Value Evaluator::index(const Expression& expression) {
  const Expression& operand = *expression.children[0];
  const Value target = evaluate(operand);
  charge(is_attribute(operand) ? 0 : 1);
  if (target.is_error()) return target;
  const Value key = evaluate(*expression.children[1]);
  if (key.is_error()) {
    charge(1);
    return key;
  }
  // A key that is an attribute itself is paid for by its own evaluation.
  const Expression& index = *expression.children[1];
  const bool is_paid = is_attribute(index) && !index.is_constant;
  const std::uint64_t before = cost_;
  Value found = expression.optional ? optional_member(target, key) : plain_member(target, key);
  if (!is_paid || is_cancelled()) return found;
  if (cost_ > before)
    --cost_;
  else if (index.kind != Kind::kConditional && cost_ > 0)
    --cost_;
  return found;
}

Value Evaluator::plain_member(const Value& target, const Value& key) {
  if (target.get<Optional>() != nullptr) return optional_member(target, key);
  charge(1);
  return get_member(target, key);
}

// What is not there costs nothing.
Value Evaluator::optional_member(const Value& target, const Value& key) {
  Value found = get_optional_member(target, key);
  const Optional* optional = found.get<Optional>();
  if (optional == nullptr || optional->value != nullptr) charge(1);
  return found;
}

Value Evaluator::choose_optional(const Expression& expression) {
  Value left = evaluate(*expression.children[0]);
  if (left.is_error()) return left;
  const Optional* optional = left.get<Optional>();
  if (optional == nullptr) return Value::no_such_overload();
  if (optional->value == nullptr) return evaluate(*expression.children[1]);
  return expression.name == "or" ? left : *optional->value;
}

Value Evaluator::call(const Expression& expression) {
  if (expression.grows_accumulator) return grow(expression);
  const std::string_view name = expression.name;
  if (name == operators::kNotStrictlyFalse) {
    const Value value = evaluate(*expression.children[0]);
    charge(1);
    return value.get<bool>() == nullptr || value.is_true();
  }
  if (!expression.overloads.empty() && expression.overloads.front()->call == nullptr)
    return choose_optional(expression);
  boost::container::small_vector<Value, 3> arguments;
  const std::size_t count = expression.children.size();
  for (const ExpressionPtr& child : expression.children) {
    arguments.push_back(evaluate(*child));
    // One or two arguments are evaluated and paid for whatever becomes of them, as upstream does.
    const bool stops_early = count > 2 || expression.prepared != nullptr;
    if (stops_early && arguments.size() < count && arguments.back().is_error()) return std::move(arguments.back());
  }
  if (is_cancelled()) return cancelled();
  const auto failed = std::ranges::find_if(arguments, &Value::is_error);
  if (failed == arguments.end()) return dispatch(expression, {arguments.data(), arguments.size()});
  charge(cost_of(expression, *expression.overloads.front(), {arguments.data(), count}, *failed));
  return std::move(*failed);
}

Value Evaluator::dispatch(const Expression& expression, std::span<const Value> arguments) {
  for (const Overload* overload : expression.overloads) {
    bool fits = overload->parameters.size() == arguments.size();
    for (std::size_t i = 0; fits && i < arguments.size(); ++i) fits = accepts(*overload->parameters[i], arguments[i]);
    if (!fits) continue;
    CallContext context{expression, work_};
    Value result = overload->call(arguments, context);
    charge(cost_of(expression, *overload, arguments, result));
    return result;
  }
  charge(1);
  return no_such_overload(expression, arguments);
}

Value Evaluator::logical(const Expression& expression) {
  const bool decisive = expression.kind == Kind::kOr;
  Value problem;
  bool failed = false;
  for (const ExpressionPtr& term : expression.children) {
    Value value = evaluate(*term);
    if (const bool* flag = value.get<bool>()) {
      if (*flag == decisive) return decisive;
    } else if (!failed) {
      failed = true;
      problem = value.is_error() ? std::move(value) : Value::no_such_overload();
    }
  }
  if (failed) return problem;
  return !decisive;
}

Value Evaluator::make_list(const Expression& expression) {
  std::vector<Value> items;
  items.reserve(expression.children.size());
  for (std::size_t i = 0; i < expression.children.size(); ++i) {
    Value item = evaluate(*expression.children[i]);
    if (item.is_error()) {
      charge(kListCost);
      return item;
    }
    if (!expression.optional_entries.empty() && expression.optional_entries[i]) {
      const Optional* optional = item.get<Optional>();
      if (optional == nullptr)
        return Value::error("cannot initialize optional list element from non-optional value " + item.show());
      if (optional->value == nullptr) continue;
      item = Value(*optional->value);
    }
    items.push_back(std::move(item));
  }
  charge(kListCost);
  return Value::list(std::move(items));
}

Value Evaluator::make_map(const Expression& expression) {
  Entries entries;
  for (std::size_t i = 0; i + 1 < expression.children.size(); i += 2) {
    Value key = evaluate(*expression.children[i]);
    Value value = key.is_error() ? key : evaluate(*expression.children[i + 1]);
    if (value.is_error()) {
      charge(kMapCost);
      return value;
    }
    if (!expression.optional_entries.empty() && expression.optional_entries[i / 2]) {
      const Optional* optional = value.get<Optional>();
      if (optional == nullptr)
        return Value::error(
            fmt::format("cannot initialize optional entry '{}' from non-optional value {}", key.show(), value.show()));
      if (optional->value == nullptr) {
        entries.erase(key);
        continue;
      }
      value = Value(*optional->value);
    }
    if (!is_key(key)) return Value::error(fmt::format("unsupported key type: {}", key.type()->name));
    entries.insert_or_assign(std::move(key), std::move(value));
  }
  charge(kMapCost);
  return Value::map(std::move(entries));
}

Value Evaluator::loop(const Expression& expression) {
  const Value range = evaluate(*expression.children[Expression::kRange]);
  if (range.is_error()) return range;
  const auto accumulator = static_cast<std::size_t>(expression.first_slot);
  slots_[accumulator] = evaluate(*expression.children[Expression::kInitial]);
  Value problem;
  if (!run_steps(expression, range, problem)) return problem;
  Value result = evaluate(*expression.children[Expression::kResult]);
  slots_[accumulator] = Value();
  return result;
}

bool Evaluator::run_steps(const Expression& expression, const Value& range, Value& problem) {
  Value& first = slots_[static_cast<std::size_t>(expression.first_slot) + 1];
  const auto second_slot = static_cast<std::size_t>(expression.first_slot) + 2;
  const bool two = expression.has_second_variable();
  if (const List* list = range.get<List>()) {
    for (std::size_t i = 0; i < size_of(*list); ++i) {
      first = two ? Value(static_cast<std::int64_t>(i)) : item_of(*list, i);
      if (two) slots_[second_slot] = item_of(*list, i);
      if (!step(expression)) break;
    }
    return true;
  }
  if (const Map* map = range.get<Map>()) {
    for (Value& key : keys_of(*map)) {
      if (two) slots_[second_slot] = find_in(*map, key).value_or(Value());
      first = std::move(key);
      if (!step(expression)) break;
    }
    return true;
  }
  problem = Value::error(fmt::format("got '{}', expected iterable type", range.type()->name));
  return false;
}

// One round; false ends the loop.
bool Evaluator::step(const Expression& expression) {
  const Value condition = evaluate(*expression.children[Expression::kCondition]);
  if (condition.get<bool>() != nullptr && !condition.is_true()) return false;
  if (is_cancelled()) return false;
  Value next = evaluate(*expression.children[Expression::kStep]);
  slots_[static_cast<std::size_t>(expression.first_slot)] = std::move(next);
  return !is_cancelled();
}

// accumulator + [item] and its like for maps: what the loop has so far is changed in place instead of copied, since
// nothing but the loop can see it.
Value Evaluator::grow(const Expression& expression) {
  Value& slot = slots_[static_cast<std::size_t>(expression.children[0]->slot)];
  charge(1);  // for the name
  if (expression.name != operators::kAdd) return slot.is_error() ? slot : insert(expression, slot);
  Value item = evaluate(*expression.children[1]->children[0]);
  charge(kListCost + 1);
  if (slot.is_error()) return slot;
  if (item.is_error()) return item;
  const List* list = slot.get<List>();
  if (list == nullptr || list->items == nullptr) return Value::no_such_overload();
  if (!work_.spend(1)) return cancelled();
  Value grown = std::move(slot);
  std::shared_ptr<std::vector<Value>>& items = grown.get<List>()->items;
  // The first one is the literal of the program, shared by all evaluations.
  if (items.use_count() > 1) items = std::make_shared<std::vector<Value>>(*items);
  items->push_back(std::move(item));
  return grown;
}

Value Evaluator::insert(const Expression& expression, Value& slot) {
  std::vector<Value> arguments;
  for (std::size_t i = 1; i < expression.children.size(); ++i) {
    arguments.push_back(evaluate(*expression.children[i]));
    if (arguments.back().is_error()) return std::move(arguments.back());
  }
  charge(1);
  if (slot.get<Map>() == nullptr || slot.get<Map>()->entries == nullptr) return Value::no_such_overload();
  Value grown = std::move(slot);
  std::shared_ptr<Entries>& entries = grown.get<Map>()->entries;
  if (entries.use_count() > 1) entries = std::make_shared<Entries>(*entries);
  const auto put = [&](const Value& key, const Value& value) {
    work_.spend(1);
    return is_key(key) && entries->emplace(key, value).second;
  };
  const auto known = [](const Value& key) {
    return Value::error(fmt::format("insert failed: key {} already exists", key.show()));
  };
  if (arguments.size() == 2) {
    if (!put(arguments[0], arguments[1])) return known(arguments[0]);
    return grown;
  }
  const Map* added = arguments[0].get<Map>();
  if (added == nullptr) return Value::no_such_overload();
  for (const Value& key : keys_of(*added))
    if (!put(key, find_in(*added, key).value_or(Value()))) return known(key);
  return grown;
}

}  // namespace slipway::cel
