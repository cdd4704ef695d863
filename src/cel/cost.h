#pragma once

#include <cstdint>
#include <span>

#include "cel/library.h"

namespace slipway::cel {

// The unit costs of the language and of Kubernetes' libraries (cel-go common/cost.go, interpreter/runtimecost.go,
// k8s.io/apiserver/pkg/cel/library/cost.go).
inline constexpr double kTextCost = 0.1;      // per character that is walked
inline constexpr double kPatternCost = 0.25;  // per character of a pattern
inline constexpr std::uint64_t kListCost = 10, kMapCost = 30;
inline constexpr std::uint64_t kLongestNameFormat = 128;

// The size of a value as costs count it: characters, bytes, items, members; 1 for all else.
std::uint64_t cost_size(const Value& value);

// What a call costs with these arguments that answered `result`. Errors among them count as of size 1: the call was
// then not made, and is charged nevertheless.
std::uint64_t call_cost(const Overload& overload, std::span<const Value> arguments, const Value& result);

// Upstream finds these by the overload, and charges 1 where several may fit; all others by the name.
bool is_charged_by_overload(const Overload& overload);

// The cost of a pattern in a format's validate(); see library_formats.cpp.
std::uint64_t format_pattern_size(const Value& format);

}  // namespace slipway::cel
