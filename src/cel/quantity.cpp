#include "cel/quantity.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>

namespace slipway::cel {

namespace {

constexpr std::int32_t kNano = -9;
constexpr int kMostDigits = 36;  // what an __int128 surely holds
constexpr int kFastDigits = 18;  // what upstream's small form surely holds
constexpr __int128 kLargest = std::numeric_limits<std::int64_t>::max();

struct Parts {
  bool negative = false;
  std::string_view numerator, denominator, suffix;
};

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

std::string_view take_digits(std::string_view& rest) {
  std::size_t end = 0;
  while (end < rest.size() && is_digit(rest[end])) ++end;
  const std::string_view digits = rest.substr(0, end);
  rest.remove_prefix(end);
  return digits;
}

bool split(std::string_view text, Parts& parts) {
  if (text.starts_with('-') || text.starts_with('+')) {
    parts.negative = text[0] == '-';
    text.remove_prefix(1);
  }
  while (text.starts_with('0')) text.remove_prefix(1);
  parts.numerator = take_digits(text);
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    parts.denominator = take_digits(text);
  }
  parts.suffix = text;
  std::string_view rest = text;
  while (!rest.empty() && std::string_view("eEinumkKMGTP").find(rest[0]) != std::string_view::npos)
    rest.remove_prefix(1);
  if (rest.starts_with('-') || rest.starts_with('+')) rest.remove_prefix(1);
  take_digits(rest);
  return rest.empty();
}

struct Scale {
  bool is_binary = false;
  std::int32_t exponent = 0;
};

std::optional<Scale> read_suffix(std::string_view suffix) {
  struct Named {
    std::string_view name;
    Scale scale;
  };
  static constexpr std::array<Named, 16> kNamed = {{{"", {false, 0}},
                                                    {"n", {false, -9}},
                                                    {"u", {false, -6}},
                                                    {"m", {false, -3}},
                                                    {"k", {false, 3}},
                                                    {"M", {false, 6}},
                                                    {"G", {false, 9}},
                                                    {"T", {false, 12}},
                                                    {"P", {false, 15}},
                                                    {"E", {false, 18}},
                                                    {"Ki", {true, 10}},
                                                    {"Mi", {true, 20}},
                                                    {"Gi", {true, 30}},
                                                    {"Ti", {true, 40}},
                                                    {"Pi", {true, 50}},
                                                    {"Ei", {true, 60}}}};
  if (const auto found = std::ranges::find(kNamed, suffix, &Named::name); found != kNamed.end()) return found->scale;
  if (suffix.size() < 2 || (suffix[0] != 'e' && suffix[0] != 'E')) return std::nullopt;
  suffix.remove_prefix(1);
  if (suffix.starts_with('+')) suffix.remove_prefix(1);
  std::int64_t exponent = 0;
  const auto [end, error] = std::from_chars(suffix.data(), suffix.data() + suffix.size(), exponent);
  if (error != std::errc() || end != suffix.data() + suffix.size()) return std::nullopt;
  return Scale{false, static_cast<std::int32_t>(exponent)};
}

// Digits up to what fits; `dropped` when one that is not zero did not. `extra` counts the digits that were left out.
__int128 read_digits(std::string_view numerator, std::string_view denominator, int& extra, bool& dropped) {
  __int128 value = 0;
  int count = 0;
  for (const std::string_view part : {numerator, denominator})
    for (const char c : part) {
      if (count < kMostDigits) {
        value = value * 10 + (c - '0');
        if (value != 0) ++count;
      } else {
        ++extra;
        dropped |= c != '0';
      }
    }
  return value;
}

// Upstream's other form: rounded up to a billionth, and at most the largest integer.
Quantity bounded(const Parts& parts, const Scale& scale) {
  int extra = 0;
  bool dropped = false;
  __int128 value = read_digits(parts.numerator, parts.denominator, extra, dropped);
  std::int64_t exponent = std::int64_t{extra} - static_cast<std::int64_t>(parts.denominator.size()) +
                          (scale.is_binary ? 0 : scale.exponent);
  if (scale.is_binary)
    for (int i = 0; i < scale.exponent; ++i) {
      while (value > (__int128{1} << 125)) {
        dropped |= value % 10 != 0;
        value /= 10;
        ++exponent;
      }
      value *= 2;
    }
  for (; exponent < kNano && value != 0; ++exponent) {
    dropped |= value % 10 != 0;
    value /= 10;
    if (exponent + 1 == kNano && dropped) ++value;
  }
  if (exponent < kNano) {
    exponent = kNano;
    if (dropped && value == 0) value = 1;
  }
  const auto is_above = [&] {
    __int128 whole = value;
    std::int64_t left = exponent;
    for (; left < 0 && whole != 0; ++left) whole /= 10;
    for (; left > 0 && whole != 0 && whole <= kLargest; --left) whole *= 10;
    return whole > kLargest || (whole == kLargest && exponent < 0 && value != kLargest);
  };
  if (value != 0 && is_above()) {
    value = kLargest;
    exponent = 0;
  }
  if (value == 0) exponent = 0;
  return {parts.negative ? -value : value, static_cast<std::int32_t>(exponent), false};
}

bool multiply(__int128& value, std::int64_t powers) {
  for (; powers > 0 && value != 0; --powers)
    if (__builtin_mul_overflow(value, __int128{10}, &value)) return false;
  return true;
}

int count_digits(__int128 value) {
  int count = 0;
  for (; value != 0; value /= 10) ++count;
  return count;
}

// Both with the smaller scale of the two.
bool align(Quantity& left, Quantity& right) {
  const std::int32_t scale = std::min(left.scale, right.scale);
  if (!multiply(left.value, std::int64_t{left.scale} - scale) ||
      !multiply(right.value, std::int64_t{right.scale} - scale))
    return false;
  left.scale = right.scale = scale;
  return true;
}

bool fits(__int128 value) {
  return value <= kLargest && value >= -kLargest - 1;
}

}  // namespace

QuantityProblem parse_quantity(std::string_view text, Quantity& quantity) {
  if (text.empty()) return QuantityProblem::kFormat;
  Parts parts;
  if (!split(text, parts)) return QuantityProblem::kFormat;
  const auto scale = read_suffix(parts.suffix);
  if (!scale) return QuantityProblem::kSuffix;
  const std::size_t places = std::max<std::size_t>(parts.numerator.size(), 1) + parts.denominator.size();
  std::int32_t exponent = scale->is_binary ? 0 : scale->exponent;
  std::int64_t mantissa = 1;
  int precision = kFastDigits - static_cast<int>(std::min<std::size_t>(places, 100));
  if (scale->is_binary) {
    mantissa = std::int64_t{1} << scale->exponent;
    const auto digits = static_cast<int>(std::min<std::size_t>(std::max<std::size_t>(parts.numerator.size(), 1), 100));
    precision = parts.denominator.empty()
                    ? 15 - digits - static_cast<int>(static_cast<float>(scale->exponent) * 3 / 10) - 1
                    : -1;
  }
  const std::int64_t shifted = std::int64_t{exponent} - static_cast<std::int64_t>(parts.denominator.size());
  if (precision >= 0 && shifted >= kNano) {
    int extra = 0;
    bool dropped = false;
    const __int128 value = read_digits(parts.numerator, parts.denominator, extra, dropped) * mantissa;
    if (fits(value)) {
      quantity = {parts.negative ? -value : value, static_cast<std::int32_t>(shifted), true};
      return QuantityProblem::kNone;
    }
  }
  quantity = bounded(parts, *scale);
  return QuantityProblem::kNone;
}

std::optional<std::int64_t> Quantity::as_integer() const {
  if (!is_small || scale < 0) return std::nullopt;
  __int128 whole = value;
  for (std::int32_t i = 0; i < scale && whole != 0; ++i) {
    whole *= 10;
    if (!fits(whole)) return std::nullopt;
  }
  return static_cast<std::int64_t>(whole);
}

double Quantity::approximate() const {
  return static_cast<double>(value) * std::pow(10.0, scale);
}

std::strong_ordering compare(const Quantity& left, const Quantity& right) {
  if (left.sign() != right.sign() || left.value == 0) return left.sign() <=> right.sign();
  const std::int64_t left_size = count_digits(left.value) + std::int64_t{left.scale},
                     right_size = count_digits(right.value) + std::int64_t{right.scale};
  if (left_size != right_size) return left.sign() > 0 ? left_size <=> right_size : right_size <=> left_size;
  // As many digits before the point: the aligned values differ by at most the digits of the longer one.
  Quantity a = left, b = right;
  if (!align(a, b))
    return static_cast<double>(left.value) * std::pow(10.0, left.scale - right.scale) < static_cast<double>(right.value)
               ? std::strong_ordering::less
               : std::strong_ordering::greater;
  return a.value < b.value   ? std::strong_ordering::less
         : a.value > b.value ? std::strong_ordering::greater
                             : std::strong_ordering::equal;
}

std::optional<Quantity> add(const Quantity& left, const Quantity& right) {
  if (left.is_small && right.is_small) {
    if (right.value == 0) return left;
    if (left.value == 0) return right;
  }
  Quantity a = left, b = right;
  if (!align(a, b)) return std::nullopt;
  const bool were_small = left.is_small && right.is_small && fits(a.value) && fits(b.value);
  if (__builtin_add_overflow(a.value, b.value, &a.value)) return std::nullopt;
  a.is_small = were_small && fits(a.value);
  return a;
}

}  // namespace slipway::cel
