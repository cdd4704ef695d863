#include <cmath>
#include <fmt/core.h>

#include "cel/library.h"
#include "cel/time_text.h"

// Arithmetic, order, equality and membership.
namespace slipway::cel {

namespace {

using Arguments = std::span<const Value>;

Value integer_overflow() {
  return Value::error("integer overflow");
}
Value unsigned_overflow() {
  return Value::error("unsigned integer overflow");
}

template <typename T>
const T& arg(Arguments arguments, std::size_t index) {
  return *arguments[index].get<T>();
}

bool is_in_range(std::int64_t seconds) {
  return seconds >= kFirstSecond && seconds <= kLastSecond;
}

Value shift(const Timestamp& time, std::int64_t nanoseconds) {
  std::int64_t seconds = time.seconds + nanoseconds / 1'000'000'000;
  std::int64_t rest = time.nanoseconds + nanoseconds % 1'000'000'000;
  if (rest < 0) {
    rest += 1'000'000'000;
    --seconds;
  } else if (rest >= 1'000'000'000) {
    rest -= 1'000'000'000;
    ++seconds;
  }
  if (!is_in_range(seconds)) return Value::error("timestamp overflow");
  return Timestamp{seconds, static_cast<std::int32_t>(rest)};
}

Value difference(const Timestamp& left, const Timestamp& right) {
  std::int64_t result = 0;
  if (__builtin_mul_overflow(left.seconds - right.seconds, std::int64_t{1'000'000'000}, &result) ||
      __builtin_add_overflow(result, left.nanoseconds - right.nanoseconds, &result))
    return integer_overflow();
  return Duration{result};
}

Value add_lists(Arguments arguments, CallContext& context) {
  const List &left = arg<List>(arguments, 0), &right = arg<List>(arguments, 1);
  if (!context.work.spend(size_of(left) + size_of(right)))
    return Value::error("operation cancelled: actual cost limit exceeded");
  const auto kind = left.declaration != nullptr ? left.declaration->list_kind : Declaration::ListKind::kAtomic;
  std::vector<Value> items = items_of(left);
  const std::size_t before = items.size();
  for (std::size_t i = 0; i < size_of(right); ++i) {
    Value item = item_of(right, i);
    bool placed = false;
    if (kind == Declaration::ListKind::kSet) {
      for (std::size_t j = 0; j < items.size() && !placed; ++j) placed = is_equal(items[j], item, context.work);
    } else if (kind == Declaration::ListKind::kMap) {
      // An item with the keys of an earlier one takes its place.
      const auto same_keys = [&](const Value& other) {
        const Map *mine = item.get<Map>(), *theirs = other.get<Map>();
        if (mine == nullptr || theirs == nullptr || mine->json == nullptr || theirs->json == nullptr) return false;
        for (const std::string& key : left.declaration->list_keys)
          if ((*mine->json)[key] != (*theirs->json)[key]) return false;
        return true;
      };
      for (std::size_t j = 0; j < before && !placed && context.work.spend(1); ++j)
        if (same_keys(items[j])) {
          items[j] = item;
          placed = true;
        }
    }
    if (!placed) items.push_back(std::move(item));
  }
  // The sum of such lists compares like them.
  return List{nullptr, kind == Declaration::ListKind::kAtomic ? nullptr : left.declaration,
              std::make_shared<std::vector<Value>>(std::move(items))};
}

Value contains(Arguments arguments, CallContext& context) {
  const List& list = arg<List>(arguments, 1);
  Value problem = false;
  for (std::size_t i = 0; i < size_of(list); ++i) {
    Value same = equal(item_of(list, i), arguments[0], context.work);
    if (same.is_true()) return same;
    if (same.is_error() && !problem.is_error()) problem = std::move(same);
  }
  return problem;
}

Value has_key(Arguments arguments, CallContext&) {
  const auto found = find_in(arg<Map>(arguments, 1), arguments[0]);
  if (found && found->is_error()) return *found;
  return found.has_value();
}

void add_sums(Library& library) {
  using namespace types;
  const TypeRef list_a = list(parameter("A"));
  library.add(
      operators::kAdd, "add_bytes", {bytes, bytes}, bytes,
      [](Arguments a, CallContext&) { return Value::bytes(*arg<Bytes>(a, 0).data + *arg<Bytes>(a, 1).data); },
      CostRule::kConcatenate);
  library.add(operators::kAdd, "add_double", {floating, floating}, floating,
              [](Arguments a, CallContext&) -> Value { return arg<double>(a, 0) + arg<double>(a, 1); });
  library.add(operators::kAdd, "add_duration_duration", {duration, duration}, duration,
              [](Arguments a, CallContext&) -> Value {
                std::int64_t sum = 0;
                if (__builtin_add_overflow(arg<Duration>(a, 0).nanoseconds, arg<Duration>(a, 1).nanoseconds, &sum))
                  return integer_overflow();
                return Duration{sum};
              });
  library.add(operators::kAdd, "add_duration_timestamp", {duration, timestamp}, timestamp,
              [](Arguments a, CallContext&) { return shift(arg<Timestamp>(a, 1), arg<Duration>(a, 0).nanoseconds); });
  library.add(operators::kAdd, "add_timestamp_duration", {timestamp, duration}, timestamp,
              [](Arguments a, CallContext&) { return shift(arg<Timestamp>(a, 0), arg<Duration>(a, 1).nanoseconds); });
  library.add(operators::kAdd, "add_int64", {integer, integer}, integer, [](Arguments a, CallContext&) -> Value {
    std::int64_t sum = 0;
    if (__builtin_add_overflow(arg<std::int64_t>(a, 0), arg<std::int64_t>(a, 1), &sum)) return integer_overflow();
    return sum;
  });
  library.add(operators::kAdd, "add_list", {list_a, list_a}, list_a, add_lists, CostRule::kConcatenateList);
  library.add(
      operators::kAdd, "add_string", {string, string}, string,
      [](Arguments a, CallContext& context) {
        const auto left = *a[0].string(), right = *a[1].string();
        if (!context.work.spend((left.size() + right.size()) / 16))
          return Value::error("operation cancelled: actual cost limit exceeded");
        return Value::text(std::string(left) + std::string(right));
      },
      CostRule::kConcatenate);
  library.add(operators::kAdd, "add_uint64", {uint, uint}, uint, [](Arguments a, CallContext&) -> Value {
    std::uint64_t sum = 0;
    if (__builtin_add_overflow(arg<std::uint64_t>(a, 0), arg<std::uint64_t>(a, 1), &sum)) return unsigned_overflow();
    return sum;
  });
}

void add_differences(Library& library) {
  using namespace types;
  library.add(operators::kSubtract, "subtract_double", {floating, floating}, floating,
              [](Arguments a, CallContext&) -> Value { return arg<double>(a, 0) - arg<double>(a, 1); });
  library.add(operators::kSubtract, "subtract_duration_duration", {duration, duration}, duration,
              [](Arguments a, CallContext&) -> Value {
                std::int64_t result = 0;
                if (__builtin_sub_overflow(arg<Duration>(a, 0).nanoseconds, arg<Duration>(a, 1).nanoseconds, &result))
                  return integer_overflow();
                return Duration{result};
              });
  library.add(operators::kSubtract, "subtract_int64", {integer, integer}, integer,
              [](Arguments a, CallContext&) -> Value {
                std::int64_t result = 0;
                if (__builtin_sub_overflow(arg<std::int64_t>(a, 0), arg<std::int64_t>(a, 1), &result))
                  return integer_overflow();
                return result;
              });
  library.add(operators::kSubtract, "subtract_timestamp_duration", {timestamp, duration}, timestamp,
              [](Arguments a, CallContext&) -> Value {
                const std::int64_t back = arg<Duration>(a, 1).nanoseconds;
                if (back == std::numeric_limits<std::int64_t>::min()) return integer_overflow();
                return shift(arg<Timestamp>(a, 0), -back);
              });
  library.add(operators::kSubtract, "subtract_timestamp_timestamp", {timestamp, timestamp}, duration,
              [](Arguments a, CallContext&) { return difference(arg<Timestamp>(a, 0), arg<Timestamp>(a, 1)); });
  library.add(operators::kSubtract, "subtract_uint64", {uint, uint}, uint, [](Arguments a, CallContext&) -> Value {
    std::uint64_t result = 0;
    if (__builtin_sub_overflow(arg<std::uint64_t>(a, 0), arg<std::uint64_t>(a, 1), &result)) return unsigned_overflow();
    return result;
  });
  library.add(operators::kNegate, "negate_double", {floating}, floating,
              [](Arguments a, CallContext&) -> Value { return -arg<double>(a, 0); });
  library.add(operators::kNegate, "negate_int64", {integer}, integer, [](Arguments a, CallContext&) -> Value {
    std::int64_t result = 0;
    if (__builtin_sub_overflow(std::int64_t{0}, arg<std::int64_t>(a, 0), &result)) return integer_overflow();
    return result;
  });
}

void add_products(Library& library) {
  using namespace types;
  library.add(operators::kMultiply, "multiply_double", {floating, floating}, floating,
              [](Arguments a, CallContext&) -> Value { return arg<double>(a, 0) * arg<double>(a, 1); });
  library.add(operators::kMultiply, "multiply_int64", {integer, integer}, integer,
              [](Arguments a, CallContext&) -> Value {
                std::int64_t result = 0;
                if (__builtin_mul_overflow(arg<std::int64_t>(a, 0), arg<std::int64_t>(a, 1), &result))
                  return integer_overflow();
                return result;
              });
  library.add(operators::kMultiply, "multiply_uint64", {uint, uint}, uint, [](Arguments a, CallContext&) -> Value {
    std::uint64_t result = 0;
    if (__builtin_mul_overflow(arg<std::uint64_t>(a, 0), arg<std::uint64_t>(a, 1), &result)) return unsigned_overflow();
    return result;
  });
  library.add(operators::kDivide, "divide_double", {floating, floating}, floating,
              [](Arguments a, CallContext&) -> Value { return arg<double>(a, 0) / arg<double>(a, 1); });
  library.add(operators::kDivide, "divide_int64", {integer, integer}, integer, [](Arguments a, CallContext&) -> Value {
    const std::int64_t left = arg<std::int64_t>(a, 0), right = arg<std::int64_t>(a, 1);
    if (right == 0) return Value::error("division by zero");
    if (left == std::numeric_limits<std::int64_t>::min() && right == -1) return integer_overflow();
    return left / right;
  });
  library.add(operators::kDivide, "divide_uint64", {uint, uint}, uint, [](Arguments a, CallContext&) -> Value {
    if (arg<std::uint64_t>(a, 1) == 0) return Value::error("division by zero");
    return arg<std::uint64_t>(a, 0) / arg<std::uint64_t>(a, 1);
  });
  library.add(operators::kModulo, "modulo_int64", {integer, integer}, integer, [](Arguments a, CallContext&) -> Value {
    const std::int64_t left = arg<std::int64_t>(a, 0), right = arg<std::int64_t>(a, 1);
    if (right == 0) return Value::error("modulus by zero");
    if (left == std::numeric_limits<std::int64_t>::min() && right == -1) return integer_overflow();
    return left % right;
  });
  library.add(operators::kModulo, "modulo_uint64", {uint, uint}, uint, [](Arguments a, CallContext&) -> Value {
    if (arg<std::uint64_t>(a, 1) == 0) return Value::error("modulus by zero");
    return arg<std::uint64_t>(a, 0) % arg<std::uint64_t>(a, 1);
  });
}

template <bool kLess, bool kEqual>
Value ordered(Arguments a, CallContext&) {
  const auto order = compare(a[0], a[1]);
  if (!order)
    return is_nan(a[0]) || is_nan(a[1]) ? Value::error("NaN values cannot be ordered") : Value::no_such_overload();
  return *order == 0 ? kEqual : (*order < 0) == kLess;
}

void add_order(Library& library, std::string_view name, std::string_view id, Implementation implementation) {
  using namespace types;
  const auto add = [&](std::string_view suffix, const TypeRef& left, const TypeRef& right,
                       CostRule cost = CostRule::kOne) {
    library.add(name, fmt::format("{}_{}", id, suffix), {left, right}, boolean, implementation, cost);
  };
  add("bool", boolean, boolean);
  add("int64", integer, integer);
  add("int64_double", integer, floating);
  add("int64_uint64", integer, uint);
  add("uint64", uint, uint);
  add("uint64_double", uint, floating);
  add("uint64_int64", uint, integer);
  add("double", floating, floating);
  add("double_int64", floating, integer);
  add("double_uint64", floating, uint);
  add("string", string, string, CostRule::kCompare);
  add("bytes", bytes, bytes, CostRule::kCompare);
  add("timestamp", timestamp, timestamp);
  add("duration", duration, duration);
}

}  // namespace

void add_operators(Library& library) {
  using namespace types;
  const TypeRef a = parameter("A"), list_a = list(a), map_ab = map(a, parameter("B"));
  add_sums(library);
  add_differences(library);
  add_products(library);
  add_order(library, operators::kLess, "less", ordered<true, false>);
  add_order(library, operators::kLessEquals, "less_equals", ordered<true, true>);
  add_order(library, operators::kGreater, "greater", ordered<false, false>);
  add_order(library, operators::kGreaterEquals, "greater_equals", ordered<false, true>);
  library.add(
      operators::kEquals, "equals", {a, a}, boolean,
      [](Arguments arguments, CallContext& context) { return equal(arguments[0], arguments[1], context.work); },
      CostRule::kCompare);
  library.add(
      operators::kNotEquals, "not_equals", {a, a}, boolean,
      [](Arguments arguments, CallContext& context) {
        Value same = equal(arguments[0], arguments[1], context.work);
        return same.is_error() ? same : Value(!same.is_true());
      },
      CostRule::kCompare);
  library.add(operators::kNot, "logical_not", {boolean}, boolean,
              [](Arguments arguments, CallContext&) -> Value { return !arguments[0].is_true(); });
  library.add(operators::kNotStrictlyFalse, "not_strictly_false", {boolean}, boolean, nullptr);
  library.add(operators::kIn, "in_list", {a, list_a}, boolean, contains, CostRule::kInList);
  library.add(operators::kIn, "in_map", {a, map_ab}, boolean, has_key);
  library.add(operators::kIndex, "index_list", {list_a, integer}, a, nullptr);
  library.add(operators::kIndex, "index_map", {map_ab, a}, parameter("B"), nullptr);
  library.add(operators::kMapInsert, "cel_@mapInsert_map_key_value", {map_ab, a, parameter("B")}, map_ab, nullptr);
  library.add(operators::kMapInsert, "cel_@mapInsert_map_map", {map_ab, map_ab}, map_ab, nullptr);
  const auto size = [](Arguments arguments, CallContext&) -> Value {
    if (const auto* text = arguments[0].string()) return count_code_points(*text);
    if (const auto* data = arguments[0].get<Bytes>()) return static_cast<std::int64_t>(data->data->size());
    if (const auto* items = arguments[0].get<List>()) return static_cast<std::int64_t>(size_of(*items));
    return static_cast<std::int64_t>(size_of(arg<Map>(arguments, 0)));
  };
  for (const auto& [id, type] : {std::pair{"bytes", bytes}, {"list", list_a}, {"map", map_ab}, {"string", string}}) {
    library.add("size", fmt::format("size_{}", id), {type}, integer, size);
    library.add_member("size", fmt::format("{}_size", id), {type}, integer, size);
  }
}

}  // namespace slipway::cel
