#pragma once

#include <string_view>

// Values of HTTP headers that are lists, such as Accept.
namespace slipway::apiserver {

// Without the spaces and tabs around it.
std::string_view trim(std::string_view text);

// Takes the part before the separator, trimmed, from `rest`; the whole rest when there is none.
std::string_view next_part(std::string_view& rest, char separator);

}  // namespace slipway::apiserver
