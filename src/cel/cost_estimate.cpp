#include "cel/cost_estimate.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <unordered_map>

#include "cel/cost.h"
#include "cel/library.h"

namespace slipway::cel {

using Kind = Expression::Kind;

namespace {

constexpr std::uint64_t kUnbounded = ~std::uint64_t{0};

std::uint64_t plus(std::uint64_t left, std::uint64_t right) {
  return left > kUnbounded - right ? kUnbounded : left + right;
}
std::uint64_t times(std::uint64_t left, std::uint64_t right) {
  std::uint64_t product = 0;
  return __builtin_mul_overflow(left, right, &product) ? kUnbounded : product;
}
std::uint64_t scaled(std::uint64_t size, double factor) {
  const double product = std::ceil(static_cast<double>(size) * factor);
  return product >= 0x1p64 ? kUnbounded : static_cast<std::uint64_t>(product);
}

struct Size {
  std::uint64_t least = 0, most = kUnbounded;
};
Size operator+(const Size& left, const Size& right) {
  return {plus(left.least, right.least), plus(left.most, right.most)};
}
Size operator*(const Size& left, const Size& right) {
  return {times(left.least, right.least), times(left.most, right.most)};
}
Size unite(const Size& left, const Size& right) {
  return {std::min(left.least, right.least), std::max(left.most, right.most)};
}

// The sizes of the keys and values of a list or map.
struct EntrySizes {
  bool is_list = false;
  Size key, value;
};

// The place in the object's schema that an expression stands for.
struct Place {
  const Declaration* declaration = nullptr;  // null: no bound is known there
  bool is_key = false;                       // a key of a map: upstream takes its size as 0
};

struct Local {
  std::optional<Place> place;
  std::optional<Size> size;
  std::optional<EntrySizes> entries;
};

class Estimator {
 public:
  explicit Estimator(const Declaration& self) : self_(self) {}

  std::uint64_t cost(const Expression& expression) {
    switch (expression.kind) {
      case Kind::kLiteral:
      case Kind::kMessage:
        return 0;
      case Kind::kIdentifier: {
        const Local* local = find_local(expression.name);
        const std::optional<Place> place = local != nullptr ? local->place : Place{&self_, false};
        if (place) places_[&expression] = *place;
        return 1;
      }
      case Kind::kSelect:
        return expression.optional ? cost_optional_select(expression) : cost_select(expression);
      case Kind::kPresence:
        return cost(*expression.children[0]);
      case Kind::kCall:
      case Kind::kIndex:
        return cost_call(expression);
      case Kind::kAnd:
      case Kind::kOr: {
        std::uint64_t sum = 0;
        for (const ExpressionPtr& term : expression.children) sum = plus(sum, cost(*term));
        return sum;
      }
      case Kind::kConditional:
        return cost_conditional(expression);
      case Kind::kList:
      case Kind::kMap:
        return cost_literal(expression);
      case Kind::kComprehension:
        return is_binding(expression) ? cost_binding(expression) : cost_loop(expression);
    }
    return 0;
  }

 private:
  Local* find_local(const std::string& name) {
    const auto found = locals_.find(name);
    return found == locals_.end() || found->second.empty() ? nullptr : &found->second.back();
  }
  std::optional<Place> place_of(const Expression& expression) {
    if (expression.kind == Kind::kIdentifier)
      if (const Local* local = find_local(expression.name)) return local->place;
    const auto found = places_.find(&expression);
    if (found == places_.end()) return std::nullopt;
    return found->second;
  }
  static Place step_into(const std::optional<Place>& place, const Declaration& root, bool is_key) {
    // Without a place, upstream takes the loop's variable for the root.
    if (!place) return {&root, false};
    if (place->declaration == nullptr) return {};
    if (is_key) return {place->declaration->kind == Declaration::Kind::kMap ? place->declaration : nullptr, true};
    return {place->declaration->element.get(), false};
  }

  static std::optional<Size> literal_size(const Expression& expression) {
    std::uint64_t size = 1;
    if (expression.kind == Kind::kLiteral)
      size = cost_size(expression.constant);
    else if (expression.kind == Kind::kList)
      size = expression.children.size();
    else if (expression.kind == Kind::kMap)
      size = expression.children.size() / 2;
    else
      return std::nullopt;
    return Size{size, size};
  }
  static std::optional<Size> place_size(const std::optional<Place>& place) {
    if (!place || place->declaration == nullptr) return std::nullopt;
    if (place->is_key) return Size{0, 0};
    return Size{0, static_cast<std::uint64_t>(place->declaration->max_elements)};
  }
  static bool is_scalar(const Type& type) {
    switch (type.kind) {
      case TypeKind::kBool:
      case TypeKind::kDouble:
      case TypeKind::kDuration:
      case TypeKind::kInt:
      case TypeKind::kTimestamp:
      case TypeKind::kUint:
        return true;
      case TypeKind::kOptional:
        return is_scalar(*type.parameters[0]);
      default:
        return false;
    }
  }

  std::optional<Size> size_of(const Expression& expression) {
    if (const auto found = sizes_.find(&expression); found != sizes_.end()) return found->second;
    if (const auto size = literal_size(expression)) return size;
    if (const auto size = place_size(place_of(expression))) {
      sizes_[&expression] = *size;
      return size;
    }
    if (is_scalar(*expression.type)) return Size{1, 1};
    if (expression.kind == Kind::kIdentifier)
      if (const Local* local = find_local(expression.name); local != nullptr && local->size) return local->size;
    return std::nullopt;
  }
  Size size_or_unknown(const Expression& expression) { return size_of(expression).value_or(Size{}); }
  std::optional<EntrySizes> entries_of(const Expression& expression) {
    if (const auto found = entries_.find(&expression); found != entries_.end()) return found->second;
    if (expression.kind == Kind::kIdentifier)
      if (const Local* local = find_local(expression.name)) return local->entries;
    return std::nullopt;
  }
  void copy_sizes(const Expression& to, const Expression& from) {
    if (const auto size = size_of(from)) sizes_[&to] = *size;
    if (const auto entries = entries_of(from)) entries_[&to] = *entries;
  }

  std::uint64_t cost_select(const Expression& expression) {
    const Expression& operand = *expression.children[0];
    std::uint64_t sum = cost(operand);
    const TypeKind kind = operand.type->kind;
    if (kind == TypeKind::kMap || kind == TypeKind::kObject) sum = plus(sum, 1);
    select_place(expression, operand);
    return sum;
  }
  // As the call it is upstream, which knows no place.
  std::uint64_t cost_optional_select(const Expression& expression) { return plus(1, cost(*expression.children[0])); }
  void select_place(const Expression& expression, const Expression& operand) {
    const auto place = place_of(operand);
    if (!place)
      places_[&expression] = {&self_, false};  // as step_into()
    else
      places_[&expression] = {place->declaration == nullptr ? nullptr : place->declaration->field(expression.name),
                              false};
  }

  std::uint64_t cost_conditional(const Expression& expression) {
    const std::uint64_t condition = cost(*expression.children[0]);
    const std::uint64_t branches = std::max(cost(*expression.children[1]), cost(*expression.children[2]));
    sizes_[&expression] = unite(size_or_unknown(*expression.children[1]), size_or_unknown(*expression.children[2]));
    const auto left = entries_of(*expression.children[1]), right = entries_of(*expression.children[2]);
    if (left && right)
      entries_[&expression] = {left->is_list, unite(left->key, right->key), unite(left->value, right->value)};
    return plus(condition, branches);
  }

  std::uint64_t cost_literal(const Expression& expression) {
    const bool is_list = expression.kind == Kind::kList;
    std::uint64_t sum = is_list ? kListCost : kMapCost;
    const Size none = expression.children.empty() ? Size{0, 0} : Size{kUnbounded, 0};
    EntrySizes sizes{is_list, is_list ? Size{1, 1} : none, none};
    for (std::size_t i = 0; i < expression.children.size(); ++i) {
      sum = plus(sum, cost(*expression.children[i]));
      Size& size = is_list || i % 2 == 1 ? sizes.value : sizes.key;
      size = unite(size, size_or_unknown(*expression.children[i]));
    }
    entries_[&expression] = sizes;
    return sum;
  }

  static bool is_binding(const Expression& expression) {
    return expression.children[Expression::kRange]->kind == Kind::kList && expression.accumulator != kAccumulator;
  }

  std::uint64_t cost_binding(const Expression& expression) {
    const Expression& initial = *expression.children[Expression::kInitial];
    const Expression& result = *expression.children[Expression::kResult];
    std::uint64_t sum = plus(cost(*expression.children[Expression::kRange]), cost(initial));
    locals_[expression.accumulator].push_back({place_of(initial), size_of(initial), entries_of(initial)});
    sum = plus(sum, cost(result));
    locals_[expression.accumulator].pop_back();
    copy_sizes(expression, result);
    return sum;
  }

  std::uint64_t cost_loop(const Expression& expression) {
    const Expression& range = *expression.children[Expression::kRange];
    const Expression& initial = *expression.children[Expression::kInitial];
    const Expression& step = *expression.children[Expression::kStep];
    std::uint64_t sum = plus(cost(range), cost(initial));
    // Upstream gives the accumulator no place, whatever it starts from.
    locals_[expression.accumulator].push_back({std::nullopt, size_of(initial), entries_of(initial)});
    const auto entries = entries_of(range);
    const bool is_list = entries ? entries->is_list : range.type->kind == TypeKind::kList;
    const auto key_size = entries ? std::optional(entries->key) : std::nullopt;
    const auto value_size = entries ? std::optional(entries->value) : std::nullopt;
    const Place value = step_into(place_of(range), self_, false);
    const Place key = is_list ? Place{} : step_into(place_of(range), self_, true);
    if (expression.has_second_variable()) {
      locals_[expression.variable].push_back({key, key_size, std::nullopt});
      locals_[expression.second_variable].push_back({value, value_size, std::nullopt});
    } else {
      locals_[expression.variable].push_back({is_list ? value : key, is_list ? value_size : key_size, std::nullopt});
    }
    const std::uint64_t round = plus(cost(*expression.children[Expression::kCondition]), cost(step));
    locals_[expression.variable].pop_back();
    if (expression.has_second_variable()) locals_[expression.second_variable].pop_back();
    sum = plus(sum, cost(*expression.children[Expression::kResult]));
    locals_[expression.accumulator].pop_back();
    const Size count = size_or_unknown(range);
    sum = plus(sum, times(count.most, round));
    if (initial.kind == Kind::kLiteral) {
      if (const auto size = size_of(initial)) sizes_[&expression] = *size;
    } else if (initial.kind == Kind::kList || initial.kind == Kind::kMap) {
      sizes_[&expression] = count;
      if (const auto inside = entries_of(step)) entries_[&expression] = *inside;
    }
    return sum;
  }

  struct CallEstimate {
    std::uint64_t cost = 0;
    std::optional<Size> result;
  };

  std::uint64_t cost_call(const Expression& expression) {
    if (expression.name == "dyn") {
      const std::uint64_t sum = plus(1, cost(*expression.children[0]));
      copy_sizes(expression, *expression.children[0]);
      return sum;
    }
    std::uint64_t sum = 0;
    for (const ExpressionPtr& child : expression.children) sum = plus(sum, cost(*child));
    std::uint64_t most = 0;
    std::optional<Size> result;
    for (const Overload* overload : expression.overloads) {
      const CallEstimate estimate = estimate_call(expression, *overload);
      most = std::max(most, estimate.cost);
      if (estimate.result) result = result ? unite(*result, *estimate.result) : *estimate.result;
      if (overload->id == "index_list" || overload->id == "index_map") {
        const auto entries = entries_of(*expression.children[0]);
        result = entries ? std::optional(entries->value) : std::nullopt;
        places_[&expression] = step_into(place_of(*expression.children[0]), self_, false);
      }
      if (!result) result = size_of(expression);
    }
    if (result) sizes_[&expression] = *result;
    return plus(sum, most);
  }

  // Of an item of a list, by the schema.
  Size item_size(const Expression& list) {
    const auto place = place_of(list);
    if (place && place->declaration != nullptr && place->declaration->element != nullptr)
      return {0, static_cast<std::uint64_t>(place->declaration->element->max_elements)};
    return {};
  }
  static std::uint64_t literal_number(const Expression& expression, std::uint64_t fallback) {
    const auto* number = expression.kind == Kind::kLiteral ? expression.constant.get<std::int64_t>() : nullptr;
    if (number == nullptr) return fallback;
    return *number < 0 ? 0 : static_cast<std::uint64_t>(*number);
  }

  CallEstimate estimate_call(const Expression& call, const Overload& overload) {
    const auto size = [&](std::size_t index) { return size_or_unknown(*call.children[index]); };
    const auto walk = [&](const Size& along, double factor = kTextCost) { return scaled(along.most, factor); };
    switch (overload.cost) {
      case CostRule::kOne:
        return {1, std::nullopt};
      case CostRule::kPrefix:
        return {walk(size(1)), std::nullopt};
      case CostRule::kConversion:
        return estimate_conversion(overload, size(0));
      case CostRule::kInList:
        return {size(1).most, std::nullopt};
      case CostRule::kCompare:
        return estimate_comparison(call, overload);
      case CostRule::kConcatenate:
      case CostRule::kConcatenateList:
        return estimate_concatenation(call, overload.cost == CostRule::kConcatenate);
      case CostRule::kMatches:
      case CostRule::kFind: {
        const std::uint64_t cost = times(walk(size(0) + Size{1, 1}), walk(size(1), kPatternCost));
        return {cost, overload.cost == CostRule::kFind ? std::optional(Size{0, size(0).most}) : std::nullopt};
      }
      case CostRule::kContains:
        return {times(walk(size(0)), walk(size(1))), std::nullopt};
      case CostRule::kScan:
        return estimate_scan(call);
      case CostRule::kTraverse:
        return {walk(size(0)), size(0)};
      case CostRule::kTraverseTwice:
        return {walk(size(0), 2 * kTextCost), overload.function == "replace" ? replaced(call) : pieces(call)};
      case CostRule::kJoin:
        return estimate_join(call);
      case CostRule::kParse:
        return {walk(size(0)), std::nullopt};
      case CostRule::kParseTwice:
        return {walk(size(0), 2 * kTextCost), std::nullopt};
      case CostRule::kContainsIp:
        return {scaled(32, kTextCost), std::nullopt};
      case CostRule::kContainsIpText:
        return {plus(scaled(32, kTextCost), walk(size(1))), std::nullopt};
      case CostRule::kContainsCidr:
        return {scaled(32, kTextCost) + scaled(16, kTextCost) + 1, std::nullopt};
      case CostRule::kContainsCidrText:
        return {plus(scaled(32, kTextCost) + scaled(16, kTextCost) + 1, walk(size(1))), std::nullopt};
      case CostRule::kValidate:
        return {scaled(walk(size(1)), static_cast<double>(kLongestNameFormat) * kPatternCost), std::nullopt};
      case CostRule::kSets:
      case CostRule::kSetsTwice:
        return {plus(1, walk(size(0) * size(1), overload.cost == CostRule::kSets ? 1 : 2)), std::nullopt};
      case CostRule::kListOutput:
      case CostRule::kFlatten:
      case CostRule::kSelfCompare:
      case CostRule::kSortBy:
        return estimate_new_list(call, overload);
    }
    return {1, std::nullopt};
  }

  static CallEstimate estimate_conversion(const Overload& overload, const Size& size) {
    const std::uint64_t cost = scaled(size.most, kTextCost);
    // These sizes wrap, as upstream's do.
    if (overload.id == "string_to_bytes") return {cost, Size{size.least, size.most * 4}};
    if (overload.id == "bytes_to_string") return {cost, Size{size.least / 4, size.most}};
    if (overload.id == "strings_quote") return {cost, Size{size.least + 2, size.most * 2 + 2}};
    return {cost, std::nullopt};
  }

  CallEstimate estimate_comparison(const Expression& call, const Overload& overload) {
    const Type& type = *call.children[0]->type;
    if (overload.function == operators::kEquals && type.kind == TypeKind::kOpaque &&
        same_type(type, *call.children[1]->type)) {
      if (type.name == "kubernetes.NamedFormat") return {scaled(64, kTextCost), std::nullopt};
      if (type.name != "kubernetes.URL") return {1, std::nullopt};
    }
    const std::uint64_t shorter =
        std::min(size_or_unknown(*call.children[0]).most, size_or_unknown(*call.children[1]).most);
    return {scaled(shorter, kTextCost), std::nullopt};
  }

  CallEstimate estimate_concatenation(const Expression& call, bool is_text) {
    const Size result = size_or_unknown(*call.children[0]) + size_or_unknown(*call.children[1]);
    const auto left = entries_of(*call.children[0]), right = entries_of(*call.children[1]);
    if (left && right)
      entries_[&call] = {left->is_list, unite(left->key, right->key), unite(left->value, right->value)};
    return {is_text ? scaled(result.most, kTextCost) : 1, result};
  }

  CallEstimate estimate_scan(const Expression& call) {
    const Expression& target = *call.children[0];
    const Size size = size_or_unknown(target);
    if (target.type->kind != TypeKind::kList) return {scaled(size.most, kTextCost), std::nullopt};
    std::uint64_t each = 1;
    const TypeKind item = target.type->parameters[0]->kind;
    if (item == TypeKind::kString || item == TypeKind::kBytes)
      each = plus(each, scaled(item_size(target).most, kTextCost));
    return {times(size.most, each), std::nullopt};
  }

  // The size of a text after replace().
  Size replaced(const Expression& call) {
    const Size text = size_or_unknown(*call.children[0]), old = size_or_unknown(*call.children[1]),
               with = size_or_unknown(*call.children[2]);
    Size count{0, 0}, kept{0, 0};
    const auto ratio = [](std::uint64_t size, std::uint64_t part) {
      return scaled(size, 1.0 / static_cast<double>(part));
    };
    if (old.least == 0) {
      count.most = plus(text.most, 1);
      kept.most = text.most;
    } else if (with.most <= old.least) {
      kept.most = text.most;
    } else {
      count.most = ratio(text.most, old.least);
    }
    if (old.most == 0) {
      count.least = plus(text.least, 1);
      kept.least = text.least;
    } else if (old.most <= with.least) {
      kept.least = text.least;
    } else {
      count.least = ratio(text.least, old.most);
    }
    return count * with + kept;
  }

  Size pieces(const Expression& call) {
    std::uint64_t most = size_or_unknown(*call.children[0]).most;
    if (call.children.size() > 2 && call.children[2]->kind == Kind::kLiteral)
      if (const auto* number = call.children[2]->constant.get<std::int64_t>())
        most = static_cast<std::uint64_t>(*number);
    return {0, most};
  }

  CallEstimate estimate_join(const Expression& call) {
    const Size list = size_or_unknown(*call.children[0]);
    Size size = list * item_size(*call.children[0]);
    if (call.children.size() > 1) {
      const Size separators{list.least > 0 ? list.least - 1 : 0, list.most > 0 ? list.most - 1 : 0};
      size = size + size_or_unknown(*call.children[1]) * separators;
    }
    return {scaled(size.most, kTextCost), size};
  }

  CallEstimate estimate_new_list(const Expression& call, const Overload& overload) {
    const auto made = [](double factor, const Size& size) {
      return CallEstimate{plus(scaled(size.most, factor), 1 + kListCost), size};
    };
    if (overload.id == "lists_range") {
      const std::uint64_t count = literal_number(*call.children[0], kUnbounded);
      return made(1, {count, count});
    }
    const Size size = size_or_unknown(*call.children[0]);
    if (overload.id == "list_slice") {
      const std::uint64_t count = literal_number(*call.children[2], size.most) - literal_number(*call.children[1], 0);
      return made(1, {count, count});
    }
    if (overload.cost == CostRule::kListOutput) return made(1, size);
    if (overload.cost == CostRule::kFlatten)
      return made(call.children.size() > 1 ? static_cast<double>(literal_number(*call.children[1], kUnbounded)) : 1,
                  size);
    const Expression& compared = *call.children[overload.cost == CostRule::kSortBy ? 1 : 0];
    const Size count = size_or_unknown(compared);
    double factor = 2;
    if (overload.id != "list_distinct") {
      const TypeKind item = overload.parameters.back()->parameters[0]->kind;
      if (item == TypeKind::kString || item == TypeKind::kBytes) factor += kTextCost;
    }
    return made(factor, count * count);
  }

  const Declaration& self_;
  std::map<std::string, std::vector<Local>, std::less<>> locals_;
  std::unordered_map<const Expression*, Place> places_;
  std::unordered_map<const Expression*, Size> sizes_;
  std::unordered_map<const Expression*, EntrySizes> entries_;
};

}  // namespace

std::uint64_t estimate_cost(const Expression& root, const Declaration& self) {
  return Estimator(self).cost(root);
}

}  // namespace slipway::cel
