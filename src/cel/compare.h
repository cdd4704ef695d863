#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>

#include "cel/value.h"

namespace slipway::cel {

// Bounds the work of one evaluation where the language's own cost does not count it: copies and comparisons of whole
// lists and maps.
class WorkMeter {
 public:
  // False when the allowance is used up.
  bool spend(std::uint64_t steps) {
    used_ += steps;
    return used_ <= kMostSteps;
  }
  bool is_exhausted() const { return used_ > kMostSteps; }

 private:
  static constexpr std::uint64_t kMostSteps = 20'000'000;
  std::uint64_t used_ = 0;
};

// `==`: numbers across their types, lists and maps by their members (lists of kind set and map whatever their order).
// An error when a part that is compared is one.
Value equal(const Value& left, const Value& right, WorkMeter& work);
bool is_equal(const Value& left, const Value& right, WorkMeter& work);

// Numbers of any two types, and two values of the same ordered type; nothing when they have no order (NaN, other
// types).
std::optional<std::strong_ordering> compare(const Value& left, const Value& right);
bool is_nan(const Value& value);

// Access to both forms of lists and maps.
std::size_t size_of(const List& list);
Value item_of(const List& list, std::size_t index);
std::vector<Value> items_of(const List& list);
std::size_t size_of(const Map& map);
// Nothing when it is not there. An identifier's escapes are taken back where the map is an object.
std::optional<Value> find_in(const Map& map, const Value& key);
std::vector<Value> keys_of(const Map& map);

std::int64_t count_code_points(std::string_view text);
// As Go's %g: the shortest digits that read back.
std::string double_text(double value);

}  // namespace slipway::cel
