#include "data/shell_quote.h"

#include <algorithm>

namespace slipway::data {

std::string shell_quote(std::string_view text) {
  const auto is_harmless = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("_-./:,@%+=").find(c) != std::string_view::npos;
  };
  // A leading "name=" would be an assignment and a leading "~" is none of the harmless characters.
  if (!text.empty() && text.find('=') == text.npos && std::ranges::all_of(text, is_harmless)) return std::string(text);
  std::string quoted = "'";
  for (const char c : text) {
    if (c == '\'') {
      quoted += "'\\''";
    } else {
      quoted += c;
    }
  }
  return quoted + "'";
}

}  // namespace slipway::data
