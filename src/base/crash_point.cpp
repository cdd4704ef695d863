#include "base/crash_point.h"

#if SLIPWAY_CRASH_POINTS

#include <csignal>
#include <cstdlib>

namespace slipway::base {

void crash_point(std::string_view name) {
  const char* wanted = std::getenv("SLIPWAY_CRASH_POINT");
  if (wanted != nullptr && name == wanted) std::raise(SIGKILL);
}

}  // namespace slipway::base

#endif
