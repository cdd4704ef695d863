#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "data/json.h"

namespace slipway::data {

// The value in a text that is JSON as programs write it: RFC 8259 with whole numbers of 64 bits, no key twice in an
// object, at most `max_depth` levels. None for every other text, also for valid ones (fractions, escaped surrogates):
// parse_json() then lets the thorough parser read it, or say what is wrong. Several times as quick as that one.
std::optional<Json> read_plain_json(std::string_view text, std::size_t max_depth);

}  // namespace slipway::data
