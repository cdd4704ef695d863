#pragma once

#include <string>

#include "standalone/configuration.h"

namespace slipway::standalone {

// What first boot will do, in words and in order. Holds no secret: no contents, no passwords.
std::string plan_text(const Configuration& configuration);

}  // namespace slipway::standalone
