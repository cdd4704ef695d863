#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace slipway::data {

std::string base64_encode(std::string_view bytes);
// Standard alphabet with padding; kInvalid otherwise. White space is not accepted.
base::Result<std::string> base64_decode(std::string_view text);
std::string hex_encode(std::string_view bytes);
bool is_valid_utf8(std::string_view text);

}  // namespace slipway::data
