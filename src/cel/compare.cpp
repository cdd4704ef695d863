#include "cel/compare.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fmt/core.h>

#include "cel/field_names.h"

namespace slipway::cel {

using data::Json;

namespace {

std::optional<std::strong_ordering> order(double left, double right) {
  if (std::isnan(left) || std::isnan(right)) return std::nullopt;
  if (left < right) return std::strong_ordering::less;
  return left > right ? std::strong_ordering::greater : std::strong_ordering::equal;
}

// Exact: no detour over a double that cannot hold every integer.
std::optional<std::strong_ordering> order(std::int64_t left, double right) {
  if (right < -0x1p63) return std::strong_ordering::greater;
  if (right > 0x1p63) return std::strong_ordering::less;
  return order(static_cast<double>(left), right);
}
std::optional<std::strong_ordering> order(std::uint64_t left, double right) {
  if (right < 0) return std::strong_ordering::greater;
  if (right > 0x1p64) return std::strong_ordering::less;
  return order(static_cast<double>(left), right);
}
std::strong_ordering order(std::int64_t left, std::uint64_t right) {
  if (left < 0) return std::strong_ordering::less;
  return static_cast<std::uint64_t>(left) <=> right;
}

std::optional<std::strong_ordering> reverse(std::optional<std::strong_ordering> order) {
  if (!order) return order;
  return 0 <=> *order;
}

std::optional<std::strong_ordering> compare_numbers(const Value& left, const Value& right) {
  const auto *li = left.get<std::int64_t>(), *ri = right.get<std::int64_t>();
  const auto *lu = left.get<std::uint64_t>(), *ru = right.get<std::uint64_t>();
  const auto *ld = left.get<double>(), *rd = right.get<double>();
  if (li) return ri ? *li <=> *ri : ru ? order(*li, *ru) : order(*li, *rd);
  if (lu) return ru ? *lu <=> *ru : ri ? 0 <=> order(*ri, *lu) : order(*lu, *rd);
  return rd ? order(*ld, *rd) : ri ? reverse(order(*ri, *ld)) : reverse(order(*ru, *ld));
}

std::strong_ordering order(const Timestamp& left, const Timestamp& right) {
  const auto seconds = left.seconds <=> right.seconds;
  return seconds != 0 ? seconds : left.nanoseconds <=> right.nanoseconds;
}

Value equal_lists(const List& left, const List& right, WorkMeter& work) {
  const std::size_t size = size_of(left);
  if (size != size_of(right)) return false;
  const auto kind = left.declaration ? left.declaration->list_kind : Declaration::ListKind::kAtomic;
  if (kind == Declaration::ListKind::kAtomic) {
    for (std::size_t i = 0; i < size; ++i) {
      Value same = equal(item_of(left, i), item_of(right, i), work);
      if (!same.is_true()) return same;
    }
    return true;
  }
  for (std::size_t i = 0; i < size; ++i) {
    const Value wanted = item_of(right, i);
    bool found = false;
    for (std::size_t j = 0; j < size && !found; ++j) found = is_equal(item_of(left, j), wanted, work);
    if (!found) return false;
  }
  return true;
}

Value equal_maps(const Map& left, const Map& right, WorkMeter& work) {
  if (size_of(left) != size_of(right)) return false;
  // What the schema does not describe is compared as it is.
  if (left.json != nullptr && right.json != nullptr && left.declaration->kind == Declaration::Kind::kObject)
    for (const auto& [name, member] : left.json->members())
      if (!left.declaration->properties.contains(name) && right.json->contains(name) && (*right.json)[name] != member)
        return false;
  for (const Value& key : keys_of(left)) {
    const auto mine = find_in(left, key);
    const auto other = find_in(right, key);
    if (mine.has_value() != other.has_value()) return false;
    if (!mine) continue;
    Value same = equal(*mine, *other, work);
    if (!same.is_true()) return same;
  }
  return true;
}

bool equal_optionals(const Optional& left, const Optional& right, WorkMeter& work) {
  if (left.value == nullptr || right.value == nullptr) return left.value == right.value;
  return is_equal(*left.value, *right.value, work);
}

}  // namespace

std::optional<std::strong_ordering> compare(const Value& left, const Value& right) {
  if (left.is_number() && right.is_number()) return compare_numbers(left, right);
  if (left.kind() != right.kind()) return std::nullopt;
  if (const auto* flag = left.get<bool>()) return *flag <=> *right.get<bool>();
  if (const auto* text = left.string()) return *text <=> *right.string();
  if (const auto* bytes = left.get<Bytes>()) return *bytes->data <=> *right.get<Bytes>()->data;
  if (const auto* time = left.get<Timestamp>()) return order(*time, *right.get<Timestamp>());
  if (const auto* duration = left.get<Duration>()) return duration->nanoseconds <=> right.get<Duration>()->nanoseconds;
  return std::nullopt;
}

bool is_nan(const Value& value) {
  return value.get<double>() != nullptr && std::isnan(*value.get<double>());
}

bool KeyLess::operator()(const Value& left, const Value& right) const {
  if (left.is_number() && right.is_number()) {
    const auto order = compare_numbers(left, right);
    return order && *order < 0;
  }
  if (left.kind() != right.kind()) {
    const auto rank = [](const Value& value) { return value.is_number() ? TypeKind::kInt : value.kind(); };
    return rank(left) < rank(right);
  }
  const auto order = compare(left, right);
  return order && *order < 0;
}

Value equal(const Value& left, const Value& right, WorkMeter& work) {
  if (left.is_error()) return left;
  if (right.is_error()) return right;
  if (!work.spend(1)) return Value::error("operation cancelled: actual cost limit exceeded");
  if (left.is_number() && right.is_number()) {
    const auto order = compare_numbers(left, right);
    return order && *order == 0;
  }
  if (left.kind() != right.kind()) return false;
  if (left.is_null()) return true;
  if (const auto* list = left.get<List>()) return equal_lists(*list, *right.get<List>(), work);
  if (const auto* map = left.get<Map>()) return equal_maps(*map, *right.get<Map>(), work);
  if (const auto* optional = left.get<Optional>()) return equal_optionals(*optional, *right.get<Optional>(), work);
  if (const auto* undeclared = left.get<Undeclared>()) return *undeclared->json == *right.get<Undeclared>()->json;
  if (const auto* type = left.get<TypeRef>()) return (*type)->name == (*right.get<TypeRef>())->name;
  if (const auto* extension = left.get<ExtensionRef>()) {
    const ExtensionRef& other = *right.get<ExtensionRef>();
    return (*extension)->type()->name == other->type()->name && (*extension)->equals(*other);
  }
  const auto order = compare(left, right);
  return order && *order == 0;
}

bool is_equal(const Value& left, const Value& right, WorkMeter& work) {
  return equal(left, right, work).is_true();
}

std::size_t size_of(const List& list) {
  return list.json != nullptr ? list.json->items().size() : list.items->size();
}

Value item_of(const List& list, std::size_t index) {
  if (list.json == nullptr) return (*list.items)[index];
  return Value::of_json(list.json->items()[index], list.declaration->element.get());
}

std::vector<Value> items_of(const List& list) {
  if (list.json == nullptr) return *list.items;
  std::vector<Value> items;
  items.reserve(size_of(list));
  for (std::size_t i = 0; i < size_of(list); ++i) items.push_back(item_of(list, i));
  return items;
}

std::size_t size_of(const Map& map) {
  return map.json != nullptr ? map.json->members().size() : map.entries->size();
}

std::optional<Value> find_in(const Map& map, const Value& key) {
  if (map.json == nullptr) {
    const auto found = map.entries->find(key);
    if (found == map.entries->end()) return std::nullopt;
    return found->second;
  }
  if (key.string() == nullptr) return Value::no_such_overload();
  const bool is_object = map.declaration->kind == Declaration::Kind::kObject;
  std::string unescaped;
  std::string_view name = *key.string();
  if (is_object) {
    auto plain = unescape_field(name);
    if (!plain) return std::nullopt;
    unescaped = std::move(*plain);
    name = unescaped;
  }
  const auto member = map.json->members().find(name);
  if (member == map.json->members().end()) return std::nullopt;
  if (!is_object) return Value::of_json(member->second, map.declaration->element.get());
  // A null member of an object reads like an absent one.
  if (member->second.is_null()) return std::nullopt;
  const auto property = map.declaration->properties.find(name);
  if (property == map.declaration->properties.end()) return std::nullopt;
  return Value::of_json(member->second, property->second.get());
}

std::vector<Value> keys_of(const Map& map) {
  std::vector<Value> keys;
  if (map.json == nullptr) {
    for (const auto& [key, value] : *map.entries) keys.push_back(key);
    return keys;
  }
  const bool is_object = map.declaration->kind == Declaration::Kind::kObject;
  for (const auto& [name, member] : map.json->members()) {
    if (is_object && !map.declaration->properties.contains(name)) continue;
    auto escaped = is_object ? escape_field(name) : std::nullopt;
    keys.push_back(escaped && *escaped != name ? Value::text(std::move(*escaped)) : Value::view(name));
  }
  return keys;
}

std::int64_t count_code_points(std::string_view text) {
  return std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; });
}

std::string double_text(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  char digits[32];
  // Go takes the exponent form below 1e-4 and from 1e6 on, with two digits of exponent at least.
  const double size = std::fabs(value);
  const auto form =
      size != 0 && (size < 1e-4 || size >= 1e6) ? std::chars_format::scientific : std::chars_format::fixed;
  const auto end = std::to_chars(digits, digits + sizeof digits, value, form);
  return {digits, end.ptr};
}

}  // namespace slipway::cel
