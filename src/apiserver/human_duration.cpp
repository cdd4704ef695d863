#include "apiserver/human_duration.h"

#include <fmt/core.h>

namespace slipway::apiserver {

namespace {

// "4m30s", without the smaller unit when it is zero.
std::string two_units(long large, std::string_view large_unit, long small, std::string_view small_unit) {
  if (small == 0) return fmt::format("{}{}", large, large_unit);
  return fmt::format("{}{}{}{}", large, large_unit, small, small_unit);
}

}  // namespace

std::string human_duration(std::chrono::seconds duration) {
  const long seconds = duration.count();
  if (seconds < -1) return "<invalid>";
  if (seconds < 0) return "0s";
  if (seconds < 60 * 2) return fmt::format("{}s", seconds);
  const long minutes = seconds / 60;
  if (minutes < 10) return two_units(minutes, "m", seconds % 60, "s");
  if (minutes < 60 * 3) return fmt::format("{}m", minutes);
  const long hours = minutes / 60;
  if (hours < 8) return two_units(hours, "h", minutes % 60, "m");
  if (hours < 48) return fmt::format("{}h", hours);
  const long days = hours / 24;
  if (days < 8) return two_units(days, "d", hours % 24, "h");
  if (days < 365 * 2) return fmt::format("{}d", days);
  if (days < 365 * 8) return two_units(days / 365, "y", days % 365, "d");
  return fmt::format("{}y", days / 365);
}

std::string human_age(std::string_view rfc3339, base::WallTime now) {
  const auto then = base::parse_rfc3339(rfc3339);
  if (rfc3339.empty() || !then) return "<unknown>";
  return human_duration(std::chrono::duration_cast<std::chrono::seconds>(now - *then));
}

}  // namespace slipway::apiserver
