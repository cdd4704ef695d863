#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace slipway::cel {

struct Token {
  enum class Kind { kEnd, kIdentifier, kInt, kUint, kDouble, kString, kBytes, kSymbol };
  Kind kind = Kind::kEnd;
  std::uint32_t position = 0;
  std::string text;  // the decoded content of a string; the digits of a number without its suffix

  bool is(std::string_view symbol) const { return kind == Kind::kSymbol && text == symbol; }
};

// Splits an expression into tokens; the last one is kEnd. `in`, true, false and null are symbols. Source of the rules:
// the lexical grammar of cel-spec (langdef.md).
base::Result<std::vector<Token>> tokenize(std::string_view source);

// What is wrong where, as upstream shows it: `ERROR: <input>:1:6: ...`, the line, and a caret below the place.
std::string error_at(std::string_view source, std::uint32_t position, std::string_view message);

}  // namespace slipway::cel
