#include "cel/cost.h"

#include <cmath>

namespace slipway::cel {

namespace {

std::uint64_t scaled(std::uint64_t size, double factor) {
  return static_cast<std::uint64_t>(std::ceil(static_cast<double>(size) * factor));
}

// The cost of walking a whole tree of data.
std::uint64_t scan_cost(const Value& value) {
  if (const auto* text = value.string())
    return static_cast<std::uint64_t>(static_cast<double>(text->size()) * kTextCost);
  if (const auto* bytes = value.get<Bytes>())
    return static_cast<std::uint64_t>(static_cast<double>(bytes->data->size()) * kTextCost);
  std::uint64_t cost = 0;
  if (const auto* list = value.get<List>()) {
    for (std::size_t i = 0; i < size_of(*list); ++i) cost += scan_cost(item_of(*list, i));
    return cost;
  }
  if (const auto* map = value.get<Map>()) {
    for (const Value& key : keys_of(*map)) cost += scan_cost(key) + scan_cost(find_in(*map, key).value_or(Value()));
    return cost;
  }
  return 1;
}

std::uint64_t pattern_cost(std::uint64_t text, std::uint64_t pattern) {
  return scaled(text + 1, kTextCost) * scaled(pattern, kPatternCost);
}

// Comparing every item of a list with every other.
std::uint64_t self_compare_cost(const Value& value) {
  const auto* list = value.get<List>();
  const std::uint64_t size = cost_size(value);
  double factor = 2;
  if (list != nullptr && size > 0) {
    const TypeKind kind = item_of(*list, 0).kind();
    if (kind == TypeKind::kString || kind == TypeKind::kBytes) factor += kTextCost;
  }
  return static_cast<std::uint64_t>(static_cast<double>(size * size) * factor) + 1 + kListCost;
}

}  // namespace

std::uint64_t cost_size(const Value& value) {
  if (const auto* text = value.string()) return static_cast<std::uint64_t>(count_code_points(*text));
  if (const auto* bytes = value.get<Bytes>()) return bytes->data->size();
  if (const auto* list = value.get<List>()) return size_of(*list);
  if (const auto* map = value.get<Map>()) return size_of(*map);
  if (const auto* extension = value.get<ExtensionRef>()) return static_cast<std::uint64_t>((*extension)->size());
  return 1;
}

bool is_charged_by_overload(const Overload& overload) {
  switch (overload.cost) {
    case CostRule::kInList:
    case CostRule::kCompare:
    case CostRule::kConcatenate:
    case CostRule::kConversion:
      return true;
    default:
      return false;
  }
}

std::uint64_t call_cost(const Overload& overload, std::span<const Value> arguments, const Value& result) {
  const auto size = [&](std::size_t index) { return cost_size(arguments[index]); };
  switch (overload.cost) {
    case CostRule::kOne:
    case CostRule::kConcatenateList:
      return 1;
    case CostRule::kPrefix:
    case CostRule::kConversion:
    case CostRule::kTraverse:
    case CostRule::kParse:
      return scaled(size(0), kTextCost);
    case CostRule::kTraverseTwice:
    case CostRule::kParseTwice:
      return scaled(size(0), 2 * kTextCost);
    case CostRule::kInList:
      return size(1);
    case CostRule::kCompare: {
      // Some types compare at once whatever their size, and an optional counts as what it holds.
      const auto held = [](const Value& value) {
        const auto* optional = value.get<Optional>();
        return optional != nullptr && optional->value != nullptr ? cost_size(*optional->value) : cost_size(value);
      };
      if (arguments[0].get<ExtensionRef>() != nullptr && overload.function == operators::kEquals) return 1;
      return scaled(std::min(held(arguments[0]), held(arguments[1])), kTextCost);
    }
    case CostRule::kConcatenate:
      return scaled(size(0) + size(1), kTextCost);
    case CostRule::kMatches:
    case CostRule::kFind:
      return pattern_cost(size(0), size(1));
    case CostRule::kContains:
      return scaled(size(0), kTextCost) * scaled(size(1), kTextCost);
    case CostRule::kScan:
      return scan_cost(arguments[0]);
    case CostRule::kJoin:
      return scaled(cost_size(result), 2 * kTextCost);
    case CostRule::kContainsIp:
      return scaled(2 * size(0), kTextCost);
    case CostRule::kContainsIpText:
      return scaled(2 * size(0), kTextCost) + scaled(size(1), kTextCost);
    case CostRule::kContainsCidr:
      return scaled(2 * size(0), kTextCost) + scaled(size(0), kTextCost) + 1;
    case CostRule::kContainsCidrText:
      return scaled(2 * size(0), kTextCost) + scaled(size(0), kTextCost) + 1 + scaled(size(1), kTextCost);
    case CostRule::kValidate:
      return arguments[0].is_error() ? 1 : pattern_cost(size(1), format_pattern_size(arguments[0]));
    case CostRule::kSets:
      return 1 + size(0) * size(1);
    case CostRule::kSetsTwice:
      return 1 + 2 * size(0) * size(1);
    case CostRule::kListOutput:
      return cost_size(result) + 1 + kListCost;
    case CostRule::kFlatten: {
      const auto* depth = arguments.size() > 1 ? arguments[1].get<std::int64_t>() : nullptr;
      const double steps = static_cast<double>(size(0)) * (depth != nullptr ? static_cast<double>(*depth) : 1);
      // A negative number wraps, as upstream's does.
      if (steps >= 0x1p63) return ~std::uint64_t{0};
      if (steps <= -0x1p63) return 0;
      return static_cast<std::uint64_t>(static_cast<std::int64_t>(steps)) + 1 + kListCost;
    }
    case CostRule::kSelfCompare:
      return self_compare_cost(arguments[0]);
    case CostRule::kSortBy:
      return self_compare_cost(arguments[1]);
  }
  return 1;
}

}  // namespace slipway::cel
