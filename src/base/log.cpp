#include "base/log.h"

#include <atomic>
#include <unistd.h>

#include "base/clock.h"

namespace slipway::base {

namespace {

std::atomic<LogLevel> minimum_level{LogLevel::kInfo};

std::string_view level_name(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return "debug";
    case LogLevel::kInfo:
      return "info";
    case LogLevel::kWarning:
      return "warning";
    case LogLevel::kError:
      return "error";
  }
  return "error";
}

void append_escaped(std::string& out, std::string_view text) {
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (byte < 0x20 || byte == 0x7f) {
      out += fmt::format("\\u{:04x}", byte);
    } else {
      out += c;
    }
  }
}

}  // namespace

void set_log_level(LogLevel level) {
  minimum_level = level;
}
LogLevel log_level() {
  return minimum_level;
}

void write_log(LogLevel level, std::string_view module, std::string_view message) {
  std::string line = fmt::format(R"({{"time":"{}","level":"{}","module":"{}","message":")",
                                 format_rfc3339_micro(SystemClock::instance().now()), level_name(level), module);
  append_escaped(line, message);
  line += "\"}\n";
  // A failed write of a log line has nobody to be reported to.
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace slipway::base
