#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string_view>

namespace slipway::cel {

// A Kubernetes quantity ("1.5Gi", "100m"): value * 10^scale. `is_small` as upstream's two forms: only the small one
// counts as an integer. Source: k8s.io/apimachinery/pkg/api/resource.
struct Quantity {
  __int128 value = 0;
  std::int32_t scale = 0;
  bool is_small = true;

  int sign() const { return value > 0 ? 1 : value < 0 ? -1 : 0; }
  std::optional<std::int64_t> as_integer() const;
  double approximate() const;
};

enum class QuantityProblem { kNone, kFormat, kNumber, kSuffix };

QuantityProblem parse_quantity(std::string_view text, Quantity& quantity);
std::strong_ordering compare(const Quantity& left, const Quantity& right);
// Nothing when the sum has more digits than the type holds.
std::optional<Quantity> add(const Quantity& left, const Quantity& right);

}  // namespace slipway::cel
