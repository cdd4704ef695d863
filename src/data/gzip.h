#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"

// RFC 1952.
namespace slipway::data {

// `level` 1 (quick) to 9 (small).
std::string gzip_compress(std::string_view bytes, int level);
// One gzip stream without anything behind it. kInvalid for other bytes, kTooLarge when more than `max_bytes` come out.
base::Result<std::string> gzip_decompress(std::string_view bytes, std::size_t max_bytes);

}  // namespace slipway::data
