#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "cel/value.h"

namespace slipway::cel {

// Times and durations as texts, as Go's time package reads and writes them.

std::optional<Timestamp> parse_timestamp(std::string_view text);  // RFC 3339, years 1 to 9999 not checked
std::optional<Timestamp> parse_date(std::string_view text);       // 2006-01-02
// What the formats date-time and duration of a schema take (k8s.io/kube-openapi/pkg/validation/strfmt).
std::optional<Timestamp> parse_schema_time(std::string_view text);
std::optional<Duration> parse_schema_duration(std::string_view text);
std::optional<Duration> parse_duration(std::string_view text);  // "1h30m", "-1.5s"

std::string timestamp_text(const Timestamp& time);
std::string duration_text(const Duration& duration);  // seconds, "5400s"

// The years 1 to 9999, which the language keeps to.
inline constexpr std::int64_t kFirstSecond = -62135596800, kLastSecond = 253402300799;

struct CalendarTime {
  std::int64_t year = 0;
  int month = 0, day = 0, day_of_year = 0, weekday = 0, hour = 0, minute = 0,
      second = 0;  // month and day from 1, others 0
};
CalendarTime to_calendar(std::int64_t seconds);

// Seconds east of UTC at that time for "Europe/Berlin", "UTC", "+02:30"; the error is its text.
struct ZoneOffset {
  std::int64_t seconds = 0;
  std::string error;
};
ZoneOffset zone_offset(std::string_view zone, const Timestamp& time);

}  // namespace slipway::cel
