#include <algorithm>
#include <fmt/core.h>

#include "cel/library.h"

// Kubernetes' lists library, the lists extension (version 3), and sets.
namespace slipway::cel {

namespace {

using Arguments = std::span<const Value>;

const List& list_of(Arguments arguments, std::size_t index = 0) {
  return *arguments[index].get<List>();
}
std::int64_t number_of(Arguments arguments, std::size_t index) {
  return *arguments[index].get<std::int64_t>();
}
Value too_much() {
  return Value::error("operation cancelled: actual cost limit exceeded");
}

Value is_sorted(Arguments a, CallContext&) {
  const List& list = list_of(a);
  for (std::size_t i = 1; i < size_of(list); ++i) {
    const Value left = item_of(list, i - 1), right = item_of(list, i);
    if (left.is_error()) return left;
    if (right.is_error()) return right;
    const auto order = compare(left, right);
    if (!order)
      return is_nan(left) || is_nan(right) ? Value::error("NaN values cannot be ordered") : Value::no_such_overload();
    if (*order > 0) return false;
  }
  return true;
}

template <int kSign>
Value extreme(Arguments a, CallContext& context) {
  const List& list = list_of(a);
  if (size_of(list) == 0) return Value::error(fmt::format("{} called on empty list", context.call.name));
  Value best = item_of(list, 0);
  for (std::size_t i = 1; i < size_of(list) && !best.is_error(); ++i) {
    Value item = item_of(list, i);
    if (item.is_error()) return item;
    const auto order = compare(item, best);
    if (!order)
      return is_nan(item) || is_nan(best) ? Value::error("NaN values cannot be ordered") : Value::no_such_overload();
    if ((kSign < 0 && *order < 0) || (kSign > 0 && *order > 0)) best = std::move(item);
  }
  return best;
}

template <typename T>
Value sum_integers(Arguments a, std::string_view overflow) {
  T sum = 0;
  const List& list = list_of(a);
  for (std::size_t i = 0; i < size_of(list); ++i) {
    const Value item = item_of(list, i);
    if (item.is_error()) return item;
    if (item.get<T>() == nullptr) return Value::no_such_overload();
    if (__builtin_add_overflow(sum, *item.get<T>(), &sum)) return Value::error(std::string(overflow));
  }
  return sum;
}

Value sum_doubles(Arguments a, CallContext&) {
  double sum = 0;
  const List& list = list_of(a);
  for (std::size_t i = 0; i < size_of(list); ++i) {
    const Value item = item_of(list, i);
    if (item.is_error()) return item;
    if (item.get<double>() == nullptr) return Value::no_such_overload();
    sum += *item.get<double>();
  }
  return sum;
}

Value sum_durations(Arguments a, CallContext&) {
  std::int64_t sum = 0;
  const List& list = list_of(a);
  for (std::size_t i = 0; i < size_of(list); ++i) {
    const Value item = item_of(list, i);
    if (item.is_error()) return item;
    if (item.get<Duration>() == nullptr) return Value::no_such_overload();
    if (__builtin_add_overflow(sum, item.get<Duration>()->nanoseconds, &sum)) return Value::error("integer overflow");
  }
  return Duration{sum};
}

template <bool kLast>
Value index_of(Arguments a, CallContext& context) {
  const List& list = list_of(a);
  std::int64_t found = -1;
  for (std::size_t i = 0; i < size_of(list); ++i)
    if (is_equal(item_of(list, i), a[1], context.work)) {
      found = static_cast<std::int64_t>(i);
      if (!kLast) break;
    }
  return found;
}

Value slice(Arguments a, CallContext&) {
  const List& list = list_of(a);
  const std::int64_t start = number_of(a, 1), end = number_of(a, 2), size = static_cast<std::int64_t>(size_of(list));
  const auto wrong = [&](std::string_view why) {
    return Value::error(fmt::format("cannot slice({}, {}), {}", start, end, why));
  };
  if (start < 0 || end < 0) return wrong("negative indexes not supported");
  if (start > end) return wrong("start index must be less than or equal to end index");
  if (size < end) return wrong(fmt::format("list is length {}", size));
  std::vector<Value> items;
  for (std::int64_t i = start; i < end; ++i) items.push_back(item_of(list, static_cast<std::size_t>(i)));
  return Value::list(std::move(items));
}

bool flatten_into(const List& list, std::int64_t depth, std::vector<Value>& out, WorkMeter& work) {
  for (std::size_t i = 0; i < size_of(list); ++i) {
    if (!work.spend(1)) return false;
    Value item = item_of(list, i);
    const List* nested = item.get<List>();
    if (nested == nullptr || depth == 0)
      out.push_back(std::move(item));
    else if (!flatten_into(*nested, depth - 1, out, work))
      return false;
  }
  return true;
}

Value flatten(Arguments a, CallContext& context) {
  const std::int64_t depth = a.size() > 1 ? number_of(a, 1) : 1;
  if (depth < 0) return Value::error("level must be non-negative");
  std::vector<Value> items;
  if (!flatten_into(list_of(a), depth, items, context.work)) return too_much();
  return Value::list(std::move(items));
}

// The items of one list in the order of the keys of the other.
Value sort_by(const List& list, const List& keys, WorkMeter& work) {
  const std::size_t size = size_of(keys);
  if (size != size_of(list))
    return Value::error(
        fmt::format("@sortByAssociatedKeys() expected a list of the same size as the associated keys list, but got {} "
                    "and {} elements respectively",
                    size_of(list), size));
  const std::vector<Value> values = items_of(keys);
  std::vector<std::size_t> order(size);
  for (std::size_t i = 0; i < size; ++i) {
    order[i] = i;
    if (values[i].is_error()) return values[i];
    if (values[i].kind() != values[0].kind()) return Value::error("list elements must have the same type");
    if (!compare(values[i], values[i]) && !is_nan(values[i])) return Value::error("list elements must be comparable");
  }
  if (!work.spend(size * 20)) return too_much();
  std::ranges::sort(order, [&](std::size_t left, std::size_t right) {
    // NaN after all others: some order must hold for the sort to end.
    const bool left_nan = is_nan(values[left]), right_nan = is_nan(values[right]);
    if (left_nan != right_nan) return right_nan;
    const auto by = left_nan ? std::strong_ordering::equal : *compare(values[left], values[right]);
    return by != 0 ? by < 0 : left < right;
  });
  std::vector<Value> sorted;
  for (const std::size_t index : order) sorted.push_back(item_of(list, index));
  return Value::list(std::move(sorted));
}

Value range(Arguments a, CallContext& context) {
  const std::int64_t count = number_of(a, 0);
  if (count > 0 && !context.work.spend(static_cast<std::uint64_t>(count))) return too_much();
  std::vector<Value> items;
  for (std::int64_t i = 0; i < count; ++i) items.emplace_back(i);
  return Value::list(std::move(items));
}

Value distinct(Arguments a, CallContext& context) {
  std::vector<Value> unique;
  for (Value& item : items_of(list_of(a))) {
    const bool known =
        std::ranges::any_of(unique, [&](const Value& other) { return is_equal(item, other, context.work); });
    if (!known) unique.push_back(std::move(item));
    if (context.work.is_exhausted()) return too_much();
  }
  return Value::list(std::move(unique));
}

bool holds(const List& list, const Value& wanted, WorkMeter& work) {
  for (std::size_t i = 0; i < size_of(list); ++i)
    if (is_equal(item_of(list, i), wanted, work)) return true;
  return false;
}

bool holds_all(const List& list, const List& wanted, WorkMeter& work) {
  for (std::size_t i = 0; i < size_of(wanted); ++i)
    if (!holds(list, item_of(wanted, i), work)) return false;
  return true;
}

}  // namespace

void add_lists(Library& library) {
  using namespace types;
  const auto overloads = [&](std::string_view name, std::string_view id, Implementation call) {
    for (const auto& [type_name, type] : {std::pair{"int", integer},
                                          {"uint", uint},
                                          {"double", floating},
                                          {"bool", boolean},
                                          {"duration", duration},
                                          {"timestamp", timestamp},
                                          {"string", string},
                                          {"bytes", bytes}})
      library.add_member(name, fmt::format("list_{}_{}", type_name, id), {list(type)},
                         name == "isSorted" ? boolean : type, call, CostRule::kScan);
  };
  overloads("isSorted", "is_sorted_bool", is_sorted);
  overloads("min", "min", extreme<-1>);
  overloads("max", "max", extreme<1>);
  const auto add_sum = [&](std::string_view name, const TypeRef& type, Implementation call) {
    library.add_member("sum", fmt::format("list_{}_sum_{}", name, name), {list(type)}, type, call, CostRule::kScan);
  };
  add_sum("int", integer, [](Arguments a, CallContext&) { return sum_integers<std::int64_t>(a, "integer overflow"); });
  add_sum("uint", uint,
          [](Arguments a, CallContext&) { return sum_integers<std::uint64_t>(a, "unsigned integer overflow"); });
  add_sum("double", floating, sum_doubles);
  add_sum("duration", duration, sum_durations);
  const TypeRef item = parameter("A");
  library.add_member("indexOf", "list_a_index_of_int", {list(item), item}, integer, index_of<false>, CostRule::kScan);
  library.add_member("lastIndexOf", "list_a_last_index_of_int", {list(item), item}, integer, index_of<true>,
                     CostRule::kScan);
}

void add_list_extensions(Library& library) {
  using namespace types;
  const TypeRef items = list(parameter("T"));
  library.add_member("slice", "list_slice", {items, integer, integer}, items, slice, CostRule::kListOutput);
  library.add_member("flatten", "list_flatten", {list(items)}, items, flatten, CostRule::kFlatten);
  library.add_member("flatten", "list_flatten_int", {list(dyn), integer}, list(dyn), flatten, CostRule::kFlatten);
  for (const TypeRef& type : {integer, uint, floating, boolean, duration, timestamp, string, bytes}) {
    library.add_member(
        "sort", fmt::format("list_{}_sort", type->name), {list(type)}, list(type),
        [](Arguments a, CallContext& context) { return sort_by(list_of(a), list_of(a), context.work); },
        CostRule::kSelfCompare);
    library.add_member(
        operators::kSortBy, fmt::format("list_{}_sortByAssociatedKeys", type->name), {items, list(type)}, items,
        [](Arguments a, CallContext& context) { return sort_by(list_of(a), list_of(a, 1), context.work); },
        CostRule::kSortBy);
  }
  library.add("lists.range", "lists_range", {integer}, list(integer), range, CostRule::kListOutput);
  library.add_member(
      "reverse", "list_reverse", {items}, items,
      [](Arguments a, CallContext&) {
        std::vector<Value> reversed = items_of(list_of(a));
        std::ranges::reverse(reversed);
        return Value::list(std::move(reversed));
      },
      CostRule::kListOutput);
  library.add_member("distinct", "list_distinct", {items}, items, distinct, CostRule::kSelfCompare);
}

void add_sets(Library& library) {
  using namespace types;
  const TypeRef items = list(parameter("T"));
  library.add(
      "sets.contains", "list_sets_contains_list", {items, items}, boolean,
      [](Arguments a, CallContext& context) -> Value { return holds_all(list_of(a), list_of(a, 1), context.work); },
      CostRule::kSets);
  library.add(
      "sets.equivalent", "list_sets_equivalent_list", {items, items}, boolean,
      [](Arguments a, CallContext& context) -> Value {
        return holds_all(list_of(a), list_of(a, 1), context.work) && holds_all(list_of(a, 1), list_of(a), context.work);
      },
      CostRule::kSetsTwice);
  library.add(
      "sets.intersects", "list_sets_intersects_list", {items, items}, boolean,
      [](Arguments a, CallContext& context) -> Value {
        const List& right = list_of(a, 1);
        for (std::size_t i = 0; i < size_of(right); ++i)
          if (holds(list_of(a), item_of(right, i), context.work)) return true;
        return false;
      },
      CostRule::kSets);
}

}  // namespace slipway::cel
