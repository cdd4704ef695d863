#include "api/cluster/duration.h"

#include <array>
#include <fmt/format.h>
#include <limits>
#include <utility>

namespace slipway::api::cluster {

namespace {

using Nanoseconds = __int128;  // room for the sum before the range is checked

constexpr std::array<std::pair<std::string_view, std::int64_t>, 8> kUnits{{{"ns", 1},
                                                                           {"us", 1'000},
                                                                           {"\u00b5s", 1'000},
                                                                           {"\u03bcs", 1'000},
                                                                           {"ms", 1'000'000},
                                                                           {"s", 1'000'000'000},
                                                                           {"m", 60'000'000'000},
                                                                           {"h", 3'600'000'000'000}}};

constexpr Nanoseconds kLimit = std::numeric_limits<std::int64_t>::max();

// Reads "12.5h" from the front of `text`.
std::optional<Nanoseconds> take_part(std::string_view& text) {
  Nanoseconds whole = 0;
  Nanoseconds fraction = 0;
  Nanoseconds scale = 1;
  std::size_t at = 0;
  bool digits = false;
  for (bool after_point = false; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '.' && !after_point) {
      after_point = true;
    } else if (c >= '0' && c <= '9') {
      digits = true;
      if (!after_point) {
        whole = whole * 10 + (c - '0');
        if (whole > kLimit) return std::nullopt;
      } else if (scale < 1'000'000'000'000) {
        fraction = fraction * 10 + (c - '0');
        scale *= 10;
      }
    } else {
      break;
    }
  }
  if (!digits) return std::nullopt;
  text.remove_prefix(at);
  std::size_t unit_length = 0;
  while (unit_length < text.size() && text[unit_length] != '.' && (text[unit_length] < '0' || text[unit_length] > '9'))
    ++unit_length;
  for (const auto& [name, size] : kUnits) {
    if (name != text.substr(0, unit_length)) continue;
    text.remove_prefix(unit_length);
    return whole * size + fraction * size / scale;
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::chrono::nanoseconds> parse_duration(std::string_view text) {
  bool negative = false;
  if (!text.empty() && (text.front() == '-' || text.front() == '+')) {
    negative = text.front() == '-';
    text.remove_prefix(1);
  }
  if (text == "0") return std::chrono::nanoseconds(0);
  if (text.empty()) return std::nullopt;
  Nanoseconds sum = 0;
  while (!text.empty()) {
    const auto part = take_part(text);
    if (!part) return std::nullopt;
    sum += *part;
    if (sum > kLimit) return std::nullopt;
  }
  return std::chrono::nanoseconds(static_cast<std::int64_t>(negative ? -sum : sum));
}

std::string format_duration(std::chrono::seconds duration) {
  const bool negative = duration.count() < 0;
  const auto all = negative ? -duration.count() : duration.count();
  std::string text = negative ? "-" : "";
  if (all >= 3600) text += fmt::format("{}h", all / 3600);
  if (all >= 60) text += fmt::format("{}m", all / 60 % 60);
  return text + fmt::format("{}s", all % 60);
}

}  // namespace slipway::api::cluster
