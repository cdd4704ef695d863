#pragma once

#include <string>
#include <string_view>

namespace slipway::data {

// `text` as one word of a POSIX shell: as it is when every character is harmless, in single quotes otherwise.
std::string shell_quote(std::string_view text);

}  // namespace slipway::data
