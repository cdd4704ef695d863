#pragma once

#include <fmt/core.h>
#include <string>
#include <string_view>
#include <utility>

namespace slipway::base {

enum class LogLevel { kDebug, kInfo, kWarning, kError };

// Process-wide log to standard error, one JSON object per line (time, level, module, message). Thread-safe; a line is
// written by one write(2). Never pass secrets.
void set_log_level(LogLevel level);
LogLevel log_level();
void write_log(LogLevel level, std::string_view module, std::string_view message);

template <typename... Args>
void log_debug(std::string_view module, fmt::format_string<Args...> format, Args&&... args) {
  if (log_level() <= LogLevel::kDebug)
    write_log(LogLevel::kDebug, module, fmt::format(format, std::forward<Args>(args)...));
}
template <typename... Args>
void log_info(std::string_view module, fmt::format_string<Args...> format, Args&&... args) {
  if (log_level() <= LogLevel::kInfo)
    write_log(LogLevel::kInfo, module, fmt::format(format, std::forward<Args>(args)...));
}
template <typename... Args>
void log_warning(std::string_view module, fmt::format_string<Args...> format, Args&&... args) {
  if (log_level() <= LogLevel::kWarning)
    write_log(LogLevel::kWarning, module, fmt::format(format, std::forward<Args>(args)...));
}
template <typename... Args>
void log_error(std::string_view module, fmt::format_string<Args...> format, Args&&... args) {
  write_log(LogLevel::kError, module, fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace slipway::base
