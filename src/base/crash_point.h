#pragma once

#include <string_view>

namespace slipway::base {

// A named place where a test may kill this process: with SLIPWAY_CRASH_POINT=<name> in the environment the process
// sends itself SIGKILL the first time it gets there. Release builds compile it to nothing (SLIPWAY_CRASH_POINTS=0).
#if SLIPWAY_CRASH_POINTS
void crash_point(std::string_view name);
#else
inline void crash_point(std::string_view) {}
#endif

}  // namespace slipway::base
