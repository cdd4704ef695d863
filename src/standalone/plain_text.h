#pragma once

#include <string>
#include <string_view>

// What YAML readers make of words without quotes.
namespace slipway::standalone {

bool is_null_word(std::string_view text);  // "", "~", "null"

// "true" or "false" when `text` is one of the other spellings of it, else "".
std::string_view meant_flag(std::string_view text);

// Why plain text is not taken as the text that it looks like ("'on' is true to YAML 1.1 readers"); "" when no reader
// takes it for anything else. A secret is not repeated.
std::string surprise(std::string_view text, bool is_secret);

// True for \" inside {{ }}: the escape of a quoted text, left over in a block.
bool has_escaped_quote_in_template(std::string_view text);

}  // namespace slipway::standalone
