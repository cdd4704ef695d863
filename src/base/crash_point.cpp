#include "base/crash_point.h"

#if SLIPWAY_CRASH_POINTS

#include <csignal>
#include <cstdlib>
#include <string>

namespace slipway::base {

void crash_point(std::string_view name) {
  static const std::string wanted = [] {
    const char* value = std::getenv("SLIPWAY_CRASH_POINT");
    return std::string(value != nullptr ? value : "");
  }();
  if (!wanted.empty() && name == wanted) std::raise(SIGKILL);
}

}  // namespace slipway::base

#endif
