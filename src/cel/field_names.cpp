#include "cel/field_names.h"

#include <algorithm>
#include <array>

namespace slipway::cel {

namespace {

// Not an identifier, or with a meaning of its own, in the grammar of the language.
constexpr std::array<std::string_view, 21> kSymbols = {
    "true", "false",  "null", "in",   "as",      "break",     "const",  "continue", "else", "for",  "function",
    "if",   "import", "let",  "loop", "package", "namespace", "return", "var",      "void", "while"};

bool is_symbol(std::string_view word) {
  return std::ranges::find(kSymbols, word) != kSymbols.end();
}

bool is_word_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

}  // namespace

bool is_reserved_word(std::string_view word) {
  return is_symbol(word) && word != "true" && word != "false" && word != "null" && word != "in";
}

std::optional<std::string> escape_field(std::string_view name) {
  if (name.empty() || (name[0] >= '0' && name[0] <= '9')) return std::nullopt;
  if (is_symbol(name)) return "__" + std::string(name) + "__";
  std::string out;
  for (std::size_t i = 0; i < name.size(); ++i) {
    const char c = name[i];
    if (c == '_' && i + 1 < name.size() && name[i + 1] == '_') {
      out += "__underscores__";
      ++i;
    } else if (c == '.') {
      out += "__dot__";
    } else if (c == '-') {
      out += "__dash__";
    } else if (c == '/') {
      out += "__slash__";
    } else if (is_word_character(c)) {
      out += c;
    } else {
      return std::nullopt;
    }
  }
  return out;
}

std::optional<std::string> unescape_field(std::string_view identifier) {
  std::string out;
  for (std::size_t i = 0; i < identifier.size();) {
    if (!identifier.substr(i).starts_with("__")) {
      out += identifier[i++];
      continue;
    }
    // The escape is two underscores, characters other than underscores, two underscores.
    std::size_t end = i + 2;
    while (end < identifier.size() && identifier[end] != '_') ++end;
    if (end == i + 2 || !identifier.substr(end).starts_with("__")) {
      out += identifier[i++];
      continue;
    }
    const std::string_view word = identifier.substr(i + 2, end - i - 2);
    if (word == "underscores")
      out += "__";
    else if (word == "dot")
      out += '.';
    else if (word == "dash")
      out += '-';
    else if (word == "slash")
      out += '/';
    else if (is_symbol(word) && word.size() + 4 == identifier.size())
      out += word;
    else
      return std::nullopt;
    i = end + 2;
  }
  return out;
}

}  // namespace slipway::cel
