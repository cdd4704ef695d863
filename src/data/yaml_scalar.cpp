#include "data/yaml_scalar.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>
#include <string>

namespace slipway::data {

namespace {

template <std::size_t N>
bool is_one_of(std::string_view text, const std::array<std::string_view, N>& words) {
  return std::ranges::find(words, text) != words.end();
}

constexpr std::array<std::string_view, 5> kNull{"", "~", "null", "Null", "NULL"};
constexpr std::array<std::string_view, 3> kTrue{"true", "True", "TRUE"};
constexpr std::array<std::string_view, 3> kFalse{"false", "False", "FALSE"};
constexpr std::array<std::string_view, 8> kTrue11{"y", "Y", "yes", "Yes", "YES", "on", "On", "ON"};
constexpr std::array<std::string_view, 8> kFalse11{"n", "N", "no", "No", "NO", "off", "Off", "OFF"};

std::optional<Json> whole_number(std::string_view digits, int base, bool negative) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
  if (digits.empty() || end != digits.data() + digits.size()) return std::nullopt;
  if (error == std::errc::result_out_of_range || value > static_cast<std::uint64_t>(INT64_MAX)) {
    double large = 0;
    for (const char c : digits) large = large * base + (c <= '9' ? c - '0' : (c | 32) - 'a' + 10);
    return Json(negative ? -large : large);
  }
  if (error != std::errc()) return std::nullopt;
  return Json(negative ? -static_cast<std::int64_t>(value) : static_cast<std::int64_t>(value));
}

// YAML 1.1 (as Go's parser reads it): 0x, 0b, 0o and a leading 0 for octal; YAML 1.2 core: decimal, 0o, 0x.
std::optional<Json> integer(std::string_view text, YamlDialect dialect) {
  const bool old = dialect == YamlDialect::kKubernetes;
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  if (text.empty() || text[0] < '0' || text[0] > '9') return std::nullopt;
  const bool has_prefix = text.size() > 2 && text[0] == '0';
  if (has_prefix && (text[1] == 'x' || (old && text[1] == 'X'))) return whole_number(text.substr(2), 16, negative);
  if (has_prefix && text[1] == 'o') return whole_number(text.substr(2), 8, negative);
  if (has_prefix && old && (text[1] == 'b' || text[1] == 'B')) return whole_number(text.substr(2), 2, negative);
  if (old && text.size() > 1 && text[0] == '0') return whole_number(text.substr(1), 8, negative);
  return whole_number(text, 10, negative);
}

// [-+]? ( \.[0-9]+ | [0-9]+ (\.[0-9]*)? ) ( [eE] [-+]? [0-9]+ )?
bool looks_like_float(std::string_view text) {
  const auto take_digits = [&] {
    std::size_t count = 0;
    while (!text.empty() && text[0] >= '0' && text[0] <= '9') {
      text.remove_prefix(1);
      ++count;
    }
    return count;
  };
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  const std::size_t whole = take_digits();
  std::size_t fraction = 0;
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    fraction = take_digits();
  }
  if (whole + fraction == 0) return false;
  if (!text.empty() && (text[0] == 'e' || text[0] == 'E')) {
    text.remove_prefix(1);
    if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
    if (take_digits() == 0) return false;
  }
  return text.empty();
}

std::optional<Json> floating(std::string_view text) {
  if (!looks_like_float(text)) return std::nullopt;
  if (text.starts_with('+')) text.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || !std::isfinite(value)) return std::nullopt;
  return Json(value);
}

}  // namespace

Json resolve_plain_scalar(std::string_view text, YamlDialect dialect) {
  if (is_one_of(text, kNull)) return Json();
  if (is_one_of(text, kTrue)) return Json(true);
  if (is_one_of(text, kFalse)) return Json(false);
  std::string digits(text);
  if (dialect == YamlDialect::kKubernetes) {
    if (is_one_of(text, kTrue11)) return Json(true);
    if (is_one_of(text, kFalse11)) return Json(false);
    if (!text.starts_with('_')) std::erase(digits, '_');
  }
  if (auto value = integer(digits, dialect)) return std::move(*value);
  if (auto value = floating(digits)) return std::move(*value);
  return Json(text);
}

}  // namespace slipway::data
