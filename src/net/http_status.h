#pragma once

#include "base/error.h"

namespace slipway::net {

// What an HTTP status means to whoever asked; for answers that say nothing better themselves. kUnknown for a status
// that is no failure.
base::ErrorCode error_code_of_http_status(int status);

}  // namespace slipway::net
