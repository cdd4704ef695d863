#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"

namespace slipway::cloudinit {

// The bytes behind the content of a file in one of cloud-init's encodings: "" or "text/plain", "base64", "gzip",
// "gzip+base64" and their short forms (b64, gz, gz+b64, ...). kTooLarge above `limit` unpacked bytes.
base::Result<std::string> decode_content(std::string_view content, std::string_view encoding, std::size_t limit);

}  // namespace slipway::cloudinit
