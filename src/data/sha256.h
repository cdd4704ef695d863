#pragma once

#include <string>
#include <string_view>

namespace slipway::data {

// SHA-256 (FIPS 180-4) in lower-case hexadecimal, for programs that carry no OpenSSL. Not for secrets.
std::string sha256_hex(std::string_view bytes);

}  // namespace slipway::data
