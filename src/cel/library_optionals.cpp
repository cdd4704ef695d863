#include "cel/library.h"

// optional.of and its like. Indexing and choosing (`or`, `orValue`) are the evaluator's: they do not need all
// arguments.
namespace slipway::cel {

namespace {

using Arguments = std::span<const Value>;

const Optional& optional_of(Arguments arguments) {
  return *arguments[0].get<Optional>();
}

bool is_zero(const Value& value) {
  if (value.is_null()) return true;
  if (const auto* flag = value.get<bool>()) return !*flag;
  if (const auto* number = value.get<std::int64_t>()) return *number == 0;
  if (const auto* number = value.get<std::uint64_t>()) return *number == 0;
  if (const auto* number = value.get<double>()) return *number == 0;
  if (const auto* text = value.string()) return text->empty();
  if (const auto* bytes = value.get<Bytes>()) return bytes->data->empty();
  if (const auto* duration = value.get<Duration>()) return duration->nanoseconds == 0;
  // Lists and maps of the object itself do not say that they are empty (they are no "Zeroer" upstream).
  if (const auto* list = value.get<List>()) return list->json == nullptr && list->items->empty();
  if (const auto* map = value.get<Map>()) return map->json == nullptr && map->entries->empty();
  if (const auto* optional = value.get<Optional>()) return optional->value == nullptr;
  return false;
}

Value unwrap(Arguments arguments, CallContext&) {
  std::vector<Value> items;
  for (const Value& item : items_of(*arguments[0].get<List>())) {
    const Optional* optional = item.get<Optional>();
    if (optional == nullptr) return Value::error("value " + item.show() + " is not optional");
    if (optional->value != nullptr) items.push_back(*optional->value);
  }
  return Value::list(std::move(items));
}

Value edge(const List& list, bool last) {
  if (size_of(list) == 0) return Value::none();
  return Value::some(item_of(list, last ? size_of(list) - 1 : 0));
}

}  // namespace

void add_optionals(Library& library) {
  using namespace types;
  const TypeRef k = parameter("K"), v = parameter("V"), optional_v = optional(v), list_v = list(v), map_kv = map(k, v);
  library.add("optional.of", "optional_of", {v}, optional_v,
              [](Arguments a, CallContext&) { return Value::some(a[0]); });
  library.add("optional.ofNonZeroValue", "optional_ofNonZeroValue", {v}, optional_v,
              [](Arguments a, CallContext&) { return is_zero(a[0]) ? Value::none() : Value::some(a[0]); });
  library.add("optional.none", "optional_none", {}, optional_v, [](Arguments, CallContext&) { return Value::none(); });
  library.add_member("value", "optional_value", {optional_v}, v, [](Arguments a, CallContext&) {
    return optional_of(a).value != nullptr ? *optional_of(a).value : Value::error("optional.none() dereference");
  });
  library.add_member("hasValue", "optional_hasValue", {optional_v}, boolean,
                     [](Arguments a, CallContext&) -> Value { return optional_of(a).value != nullptr; });
  library.add_member("or", "optional_or_optional", {optional_v, optional_v}, optional_v, nullptr);
  library.add_member("orValue", "optional_orValue_value", {optional_v, v}, v, nullptr);
  library.add(operators::kOptionalIndex, "list_optindex_optional_int", {list_v, integer}, optional_v, nullptr);
  library.add(operators::kOptionalIndex, "optional_list_optindex_optional_int", {optional(list_v), integer}, optional_v,
              nullptr);
  library.add(operators::kOptionalIndex, "map_optindex_optional_value", {map_kv, k}, optional_v, nullptr);
  library.add(operators::kOptionalIndex, "optional_map_optindex_optional_value", {optional(map_kv), k}, optional_v,
              nullptr);
  library.add(operators::kIndex, "optional_list_index_int", {optional(list_v), integer}, optional_v, nullptr);
  library.add(operators::kIndex, "optional_map_index_value", {optional(map_kv), k}, optional_v, nullptr);
  library.add("optional.unwrap", "optional_unwrap", {list(optional_v)}, list_v, unwrap);
  library.add_member("unwrapOpt", "optional_unwrapOpt", {list(optional_v)}, list_v, unwrap);
  library.add_member("first", "list_first", {list_v}, optional_v,
                     [](Arguments a, CallContext&) { return edge(*a[0].get<List>(), false); });
  library.add_member("last", "list_last", {list_v}, optional_v,
                     [](Arguments a, CallContext&) { return edge(*a[0].get<List>(), true); });
}

}  // namespace slipway::cel
