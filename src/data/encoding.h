#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace slipway::data {

std::string base64_encode(std::string_view bytes);
// Standard alphabet with padding; kInvalid otherwise. White space is not accepted.
base::Result<std::string> base64_decode(std::string_view text);
// The URL alphabet without padding, as JSON Web Signature writes it (RFC 7515, section 2).
std::string base64url_encode(std::string_view bytes);
base::Result<std::string> base64url_decode(std::string_view text);
std::string hex_encode(std::string_view bytes);
bool is_valid_utf8(std::string_view text);

}  // namespace slipway::data
