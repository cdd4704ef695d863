#include "base/clock.h"

#include <cstdio>
#include <ctime>
#include <fmt/core.h>
#include <utility>

namespace slipway::base {

using namespace std::chrono;

SystemClock& SystemClock::instance() {
  static SystemClock clock;
  return clock;
}

WallTime SystemClock::now() const {
  return floor<microseconds>(system_clock::now());
}

nanoseconds SystemClock::steady() const {
  return steady_clock::now().time_since_epoch();
}

void SystemClock::wait_until(std::condition_variable_any& condition, std::unique_lock<std::mutex>& lock,
                             nanoseconds deadline, const std::stop_token& stop) {
  // Far deadlines overflow inside the library; an hour is as good as for ever because callers loop.
  const nanoseconds limit = steady() + hours(1);
  // The library's wait with a stop token misses no request that comes while it goes to sleep; the predicate makes it
  // return at the first notification.
  bool woken = false;
  condition.wait_until(lock, stop, steady_clock::time_point(deadline < limit ? deadline : limit),
                       [&woken] { return std::exchange(woken, true); });
}

WallTime ManualClock::now() const {
  std::lock_guard lock(mutex_);
  return wall_;
}

nanoseconds ManualClock::steady() const {
  std::lock_guard lock(mutex_);
  return steady_;
}

void ManualClock::wait_until(std::condition_variable_any& condition, std::unique_lock<std::mutex>& lock,
                             nanoseconds deadline, const std::stop_token& stop) {
  if (stop.stop_requested() || steady() >= deadline) return;
  // Real time only bounds how late an advance() is seen; the manual deadline decides.
  condition.wait_for(lock, milliseconds(1));
}

void ManualClock::advance(nanoseconds step) {
  std::lock_guard lock(mutex_);
  wall_ += duration_cast<microseconds>(step);
  steady_ += step;
}

namespace {

std::string format_seconds(WallTime time) {
  const std::time_t seconds =
      duration_cast<std::chrono::seconds>(floor<std::chrono::seconds>(time).time_since_epoch()).count();
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday,
                     parts.tm_hour, parts.tm_min, parts.tm_sec);
}

}  // namespace

std::string format_rfc3339(WallTime time) {
  return format_seconds(time) + "Z";
}

std::string format_rfc3339_micro(WallTime time) {
  const auto micros = (time - floor<std::chrono::seconds>(time)).count();
  return fmt::format("{}.{:06}Z", format_seconds(time), micros);
}

Result<WallTime> parse_rfc3339(std::string_view text) {
  const auto bad = [&] {
    return fail(ErrorCode::kInvalid, fmt::format("'{}' is not an RFC 3339 time such as 2026-01-02T03:04:05Z", text));
  };
  if (text.size() < 20 || text.size() > 40) return bad();
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, used = 0;
  const std::string owned(text);
  if (std::sscanf(owned.c_str(), "%4d-%2d-%2dT%2d:%2d:%2d%n", &year, &month, &day, &hour, &minute, &second, &used) != 6)
    return bad();
  std::string_view rest = text.substr(static_cast<size_t>(used));
  std::int64_t micros = 0;
  if (rest.starts_with('.')) {
    rest.remove_prefix(1);
    std::int64_t scale = 100'000;
    if (rest.empty() || rest[0] < '0' || rest[0] > '9') return bad();
    while (!rest.empty() && rest[0] >= '0' && rest[0] <= '9') {
      micros += scale * (rest[0] - '0');
      scale /= 10;
      rest.remove_prefix(1);
    }
  }
  int offset_minutes = 0;
  if (rest != "Z" && rest != "z") {
    int offset_hour = 0, offset_minute = 0;
    const std::string zone(rest);
    if (zone.size() != 6 || (zone[0] != '+' && zone[0] != '-') ||
        std::sscanf(zone.c_str() + 1, "%2d:%2d", &offset_hour, &offset_minute) != 2)
      return bad();
    offset_minutes = (zone[0] == '-' ? -1 : 1) * (offset_hour * 60 + offset_minute);
  }
  const year_month_day date{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                            std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok() || hour > 23 || minute > 59 || second > 60) return bad();
  return WallTime(sys_days(date).time_since_epoch() + hours(hour) + minutes(minute - offset_minutes) + seconds(second) +
                  microseconds(micros));
}

}  // namespace slipway::base
