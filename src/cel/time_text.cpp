#include "cel/time_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <ctime>
#include <fmt/core.h>

#include "cel/zone_file.h"

namespace slipway::cel {

namespace {

// Reads a text from its start; every reader says whether it could.
struct Scanner {
  std::string_view rest;

  bool take(char c) {
    if (rest.empty() || rest.front() != c) return false;
    rest.remove_prefix(1);
    return true;
  }
  bool digits(std::size_t count, int& value) {
    if (rest.size() < count) return false;
    value = 0;
    for (std::size_t i = 0; i < count; ++i) {
      if (rest[i] < '0' || rest[i] > '9') return false;
      value = value * 10 + (rest[i] - '0');
    }
    rest.remove_prefix(count);
    return true;
  }
  // A dot (or a comma) and digits; beyond the ninth they do not count.
  bool fraction(std::int32_t& nanoseconds) {
    if (rest.size() < 2 || (rest[0] != '.' && rest[0] != ',') || rest[1] < '0' || rest[1] > '9') return true;
    rest.remove_prefix(1);
    std::int32_t scale = 100'000'000;
    while (!rest.empty() && rest[0] >= '0' && rest[0] <= '9') {
      nanoseconds += (rest[0] - '0') * scale;
      scale /= 10;
      rest.remove_prefix(1);
    }
    return true;
  }
};

bool read_date(Scanner& in, std::chrono::sys_days& days) {
  int year = 0, month = 0, day = 0;
  if (!in.digits(4, year) || !in.take('-') || !in.digits(2, month) || !in.take('-') || !in.digits(2, day)) return false;
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) return false;
  days = date;
  return true;
}

bool read_offset(Scanner& in, std::int64_t& seconds) {
  if (in.take('Z')) return true;
  const bool east = in.take('+');
  if (!east && !in.take('-')) return false;
  int hours = 0, minutes = 0;
  if (!in.digits(2, hours) || !in.take(':') || !in.digits(2, minutes) || hours > 24 || minutes > 60) return false;
  seconds = (hours * 60 + minutes) * 60;
  if (!east) seconds = -seconds;
  return true;
}

std::optional<Timestamp> read_time(std::string_view text, bool zone_required) {
  Scanner in{text};
  std::chrono::sys_days days;
  int hour = 0, minute = 0, second = 0;
  Timestamp time;
  if (!read_date(in, days) || !in.take('T')) return std::nullopt;
  if (!in.digits(2, hour) || !in.take(':') || !in.digits(2, minute) || !in.take(':') || !in.digits(2, second))
    return std::nullopt;
  if (hour > 23 || minute > 59 || second > 59) return std::nullopt;
  std::int64_t offset = 0;
  if (!in.fraction(time.nanoseconds)) return std::nullopt;
  if (zone_required ? !read_offset(in, offset) : !in.rest.empty()) return std::nullopt;
  if (!in.rest.empty()) return std::nullopt;
  time.seconds = days.time_since_epoch().count() * std::int64_t{86400} + hour * 3600 + minute * 60 + second - offset;
  return time;
}

struct Unit {
  std::string_view name;
  std::int64_t nanoseconds;
};
constexpr std::array kUnits = {
    Unit{"ns", 1},         Unit{"us", 1'000},        Unit{"µs", 1'000},         Unit{"μs", 1'000},
    Unit{"ms", 1'000'000}, Unit{"s", 1'000'000'000}, Unit{"m", 60'000'000'000}, Unit{"h", 3'600'000'000'000}};

}  // namespace

std::optional<Timestamp> parse_timestamp(std::string_view text) {
  return read_time(text, true);
}

std::optional<Timestamp> parse_date(std::string_view text) {
  Scanner in{text};
  std::chrono::sys_days days;
  if (!read_date(in, days) || !in.rest.empty()) return std::nullopt;
  return Timestamp{days.time_since_epoch().count() * std::int64_t{86400}, 0};
}

std::optional<Timestamp> parse_schema_time(std::string_view text) {
  if (text.empty()) return Timestamp{};
  if (auto time = parse_timestamp(text)) return time;
  return read_time(text, false);
}

std::optional<Duration> parse_duration(std::string_view text) {
  Scanner in{text};
  const bool negative = in.take('-');
  if (!negative) in.take('+');
  if (in.rest == "0") return Duration{};
  if (in.rest.empty()) return std::nullopt;
  __int128 total = 0;
  while (!in.rest.empty()) {
    __int128 whole = 0;
    bool any = false;
    while (!in.rest.empty() && in.rest[0] >= '0' && in.rest[0] <= '9') {
      whole = whole * 10 + (in.rest[0] - '0');
      if (whole > (__int128{1} << 63)) return std::nullopt;
      in.rest.remove_prefix(1);
      any = true;
    }
    double fraction = 0, scale = 1;
    if (in.take('.')) {
      while (!in.rest.empty() && in.rest[0] >= '0' && in.rest[0] <= '9') {
        if (scale < 1e17) {
          fraction = fraction * 10 + (in.rest[0] - '0');
          scale *= 10;
        }
        in.rest.remove_prefix(1);
        any = true;
      }
    }
    if (!any) return std::nullopt;
    std::size_t length = 0;
    while (length < in.rest.size() && in.rest[length] != '.' && (in.rest[length] < '0' || in.rest[length] > '9'))
      ++length;
    const auto unit = std::ranges::find(kUnits, in.rest.substr(0, length), &Unit::name);
    if (unit == kUnits.end()) return std::nullopt;
    in.rest.remove_prefix(length);
    total += whole * unit->nanoseconds;
    total += static_cast<std::int64_t>(fraction * (static_cast<double>(unit->nanoseconds) / scale));
    if (total > (__int128{1} << 63)) return std::nullopt;
  }
  if (negative) return Duration{static_cast<std::int64_t>(-total)};
  if (total == (__int128{1} << 63)) return std::nullopt;
  return Duration{static_cast<std::int64_t>(total)};
}

std::optional<Duration> parse_schema_duration(std::string_view text) {
  if (auto duration = parse_duration(text)) return duration;
  struct Word {
    std::string_view name;
    std::int64_t nanoseconds;
    bool prefix;  // longer forms count too: "minutes"
  };
  constexpr std::int64_t second = 1'000'000'000, hour = 3600 * second;
  static constexpr std::array kWords = {
      Word{"ns", 1, false},           Word{"nano", 1, true},          Word{"us", 1000, false},
      Word{"µs", 1000, false},        Word{"micro", 1000, true},      Word{"ms", 1'000'000, false},
      Word{"milli", 1'000'000, true}, Word{"s", second, false},       Word{"sec", second, true},
      Word{"m", 60 * second, false},  Word{"min", 60 * second, true}, Word{"h", hour, false},
      Word{"hr", hour, false},        Word{"hour", hour, true},       Word{"d", 24 * hour, false},
      Word{"day", 24 * hour, true},   Word{"w", 168 * hour, false},   Word{"wk", 168 * hour, false},
      Word{"week", 168 * hour, true}};
  std::uint64_t total = 0;  // wraps as Go's does
  bool any = false;
  const auto is_unit_character = [](char c) { return std::isalpha(static_cast<unsigned char>(c)) || (c & 0x80); };
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t start = i;
    while (i < text.size() && text[i] >= '0' && text[i] <= '9') ++i;
    if (i == start) {
      ++i;
      continue;
    }
    const std::size_t end = i;
    while (i < text.size() && std::isspace(static_cast<unsigned char>(text[i]))) ++i;
    std::string unit;
    while (i < text.size() && is_unit_character(text[i]))
      unit += static_cast<char>(std::tolower(static_cast<unsigned char>(text[i++])));
    if (unit.empty()) continue;
    std::int64_t factor = 0;
    const auto [last, error] = std::from_chars(text.data() + start, text.data() + end, factor);
    if (error != std::errc()) return std::nullopt;
    for (const Word& word : kWords)
      if (unit == word.name || (word.prefix && unit.starts_with(word.name))) {
        any = true;
        total += static_cast<std::uint64_t>(factor) * static_cast<std::uint64_t>(word.nanoseconds);
      }
  }
  if (!any) return std::nullopt;
  return Duration{static_cast<std::int64_t>(total)};
}

CalendarTime to_calendar(std::int64_t seconds) {
  std::int64_t days = seconds / 86400, rest = seconds % 86400;
  if (rest < 0) {
    rest += 86400;
    --days;
  }
  const std::chrono::sys_days point{std::chrono::days(days)};
  const std::chrono::year_month_day date{point};
  CalendarTime time;
  time.year = static_cast<int>(date.year());
  time.month = static_cast<int>(static_cast<unsigned>(date.month()));
  time.day = static_cast<int>(static_cast<unsigned>(date.day()));
  time.day_of_year = static_cast<int>((point - std::chrono::sys_days(date.year() / 1 / 1)).count());
  time.weekday = static_cast<int>(std::chrono::weekday(point).c_encoding());
  time.hour = static_cast<int>(rest / 3600);
  time.minute = static_cast<int>(rest / 60 % 60);
  time.second = static_cast<int>(rest % 60);
  return time;
}

std::string timestamp_text(const Timestamp& time) {
  const CalendarTime at = to_calendar(time.seconds);
  std::string text =
      fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", at.year, at.month, at.day, at.hour, at.minute, at.second);
  if (time.nanoseconds != 0) {
    std::string fraction = fmt::format(".{:09}", time.nanoseconds);
    while (fraction.back() == '0') fraction.pop_back();
    text += fraction;
  }
  return text + "Z";
}

std::string duration_text(const Duration& duration) {
  // The shortest decimal of the seconds as a double, as strconv.FormatFloat(x, 'f', -1, 64) writes it.
  const std::int64_t whole = duration.nanoseconds / 1'000'000'000, rest = duration.nanoseconds % 1'000'000'000;
  const double seconds = static_cast<double>(whole) + static_cast<double>(rest) / 1e9;
  char digits[64];
  const auto end = std::to_chars(digits, digits + sizeof digits, seconds, std::chars_format::fixed);
  return std::string(digits, end.ptr) + "s";
}

ZoneOffset zone_offset(std::string_view zone, const Timestamp& time) {
  const auto colon = zone.find(':');
  if (colon == zone.npos) return named_zone_offset(zone, time.seconds);
  const auto number = [](std::string_view text) -> std::optional<int> {
    const bool plus = text.starts_with('+');
    if (plus) text.remove_prefix(1);
    if (plus && text.starts_with('-')) return std::nullopt;
    int value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
  };
  const auto hours = number(zone.substr(0, colon)), minutes = number(zone.substr(colon + 1));
  const auto bad = [](std::string_view part) {
    return ZoneOffset{0, fmt::format("strconv.Atoi: parsing \"{}\": invalid syntax", part)};
  };
  if (!hours || std::abs(*hours) > 1'000'000) return bad(zone.substr(0, colon));
  if (!minutes || std::abs(*minutes) > 1'000'000) return bad(zone.substr(colon + 1));
  const std::int64_t offset = zone[0] == '-' ? *hours * 60 - *minutes : *hours * 60 + *minutes;
  return {offset * 60, ""};
}

}  // namespace slipway::cel
