#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace slipway::cel {

// The content of a string or bytes literal between its quotes. In bytes, \x and octal escapes are bytes, elsewhere
// code points. kInvalid with upstream's words for an escape that does not exist.
base::Result<std::string> unescape_literal(std::string_view inner, bool raw, bool bytes);

void append_utf8(std::string& out, char32_t code);
// Invalid bytes become U+FFFD, one each.
std::u32string to_code_points(std::string_view text);
std::string to_utf8(std::u32string_view text);
// As Go's %q.
std::string go_quote(std::string_view text);

}  // namespace slipway::cel
