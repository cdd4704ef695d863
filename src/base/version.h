#pragma once

#include <string_view>

namespace slipway::base {

// The product's version; the agent reports it, the CLI and /version show it.
inline constexpr std::string_view kVersion = "0.1.0";

}  // namespace slipway::base
