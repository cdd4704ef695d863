#include "cel/library.h"
#include "cel/time_text.h"

// getFullYear() and its like, of times (in UTC or a zone) and durations.
namespace slipway::cel {

namespace {

using Arguments = std::span<const Value>;
using Part = std::int64_t (*)(const CalendarTime&, const Timestamp&);

// The parts by name, for all overloads of one name.
template <Part part>
Value read_part(Arguments arguments, CallContext&) {
  const Timestamp& time = *arguments[0].get<Timestamp>();
  std::int64_t offset = 0;
  if (arguments.size() > 1) {
    ZoneOffset zone = zone_offset(*arguments[1].string(), time);
    if (!zone.error.empty()) return Value::error(std::move(zone.error));
    offset = zone.seconds;
  }
  return part(to_calendar(time.seconds + offset), time);
}

// Functions with names: g++ 12 takes no lambda here.
std::int64_t full_year(const CalendarTime& at, const Timestamp&) {
  return at.year;
}
std::int64_t month(const CalendarTime& at, const Timestamp&) {
  return std::int64_t{at.month - 1};
}
std::int64_t day_of_year(const CalendarTime& at, const Timestamp&) {
  return std::int64_t{at.day_of_year};
}
std::int64_t day_of_month(const CalendarTime& at, const Timestamp&) {
  return std::int64_t{at.day - 1};
}
std::int64_t date_of_month(const CalendarTime& at, const Timestamp&) {
  return std::int64_t{at.day};
}
std::int64_t day_of_week(const CalendarTime& at, const Timestamp&) {
  return std::int64_t{at.weekday};
}
std::int64_t hours(const CalendarTime& at, const Timestamp&) {
  return std::int64_t{at.hour};
}
std::int64_t minutes(const CalendarTime& at, const Timestamp&) {
  return std::int64_t{at.minute};
}
std::int64_t seconds(const CalendarTime& at, const Timestamp&) {
  return std::int64_t{at.second};
}
std::int64_t milliseconds(const CalendarTime&, const Timestamp& time) {
  return std::int64_t{time.nanoseconds / 1'000'000};
}

template <Part part>
void add_part(Library& library, std::string_view name, std::string_view id) {
  library.add_member(name, id, {types::timestamp}, types::integer, read_part<part>);
  library.add_member(name, std::string(id) + "_with_tz", {types::timestamp, types::string}, types::integer,
                     read_part<part>);
}

template <std::int64_t unit, bool is_rest>
Value divide(Arguments arguments, CallContext&) {
  const std::int64_t nanoseconds = arguments[0].get<Duration>()->nanoseconds;
  return is_rest ? nanoseconds / unit % 1000 : nanoseconds / unit;
}

}  // namespace

void add_time(Library& library) {
  add_part<full_year>(library, "getFullYear", "timestamp_to_year");
  add_part<month>(library, "getMonth", "timestamp_to_month");
  add_part<day_of_year>(library, "getDayOfYear", "timestamp_to_day_of_year");
  add_part<day_of_month>(library, "getDayOfMonth", "timestamp_to_day_of_month");
  add_part<date_of_month>(library, "getDate", "timestamp_to_day_of_month_1_based");
  add_part<day_of_week>(library, "getDayOfWeek", "timestamp_to_day_of_week");
  add_part<hours>(library, "getHours", "timestamp_to_hours");
  add_part<minutes>(library, "getMinutes", "timestamp_to_minutes");
  add_part<seconds>(library, "getSeconds", "timestamp_to_seconds");
  add_part<milliseconds>(library, "getMilliseconds", "timestamp_to_milliseconds");

  const auto add_duration = [&](std::string_view name, std::string_view id, Implementation call) {
    library.add_member(name, id, {types::duration}, types::integer, call);
  };
  add_duration("getHours", "duration_to_hours", divide<3'600'000'000'000, false>);
  add_duration("getMinutes", "duration_to_minutes", divide<60'000'000'000, false>);
  add_duration("getSeconds", "duration_to_seconds", divide<1'000'000'000, false>);
  add_duration("getMilliseconds", "duration_to_milliseconds", divide<1'000'000, false>);
}

}  // namespace slipway::cel
