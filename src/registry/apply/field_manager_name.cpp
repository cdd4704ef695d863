#include <fmt/core.h>

#include "registry/apply/managed_fields.h"

namespace slipway::registry {

namespace {

constexpr std::size_t kMaxManagerBytes = 128;

struct Character {
  char32_t code = 0;
  std::size_t bytes = 1;
};

// The UTF-8 character at the start of `text`; a byte that belongs to none stands for U+FFFD.
Character first_character(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC2 ? 2 : 0;
  if (length == 0 || length > text.size()) return {0xFFFD, 1};
  char32_t code = lead & (0xFF >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return {0xFFFD, 1};
    code = code << 6 | (byte(i) & 0x3F);
  }
  return {code, length};
}

// Control, format, private, surrogate and space characters other than the ASCII space are not printable.
bool is_printable(char32_t code) {
  if (code < 0x20 || (code >= 0x7F && code <= 0xA0) || code == 0xAD) return false;
  if (code == 0x1680 || (code >= 0x2000 && code <= 0x200F) || (code >= 0x2028 && code <= 0x202F)) return false;
  if ((code >= 0x205F && code <= 0x206F) || code == 0x3000 || code == 0xFEFF) return false;
  if (code >= 0xD800 && code <= 0xF8FF) return false;
  return code < 0xE0000;
}

}  // namespace

void validate_field_manager(std::string_view name, std::string_view path, FieldErrors& errors) {
  if (name.size() > kMaxManagerBytes) errors.push_back(too_long(path, kMaxManagerBytes));
  for (std::size_t i = 0; i < name.size();) {
    const Character character = first_character(name.substr(i));
    if (!is_printable(character.code))
      errors.push_back(invalid_value(
          path, std::string(name),
          fmt::format("invalid character U+{:04X} (at position {})", static_cast<std::uint32_t>(character.code), i)));
    i += character.bytes;
  }
}

std::string field_manager_of_agent(std::string_view user_agent) {
  user_agent = user_agent.substr(0, user_agent.find('/'));
  std::string out;
  while (!user_agent.empty()) {
    const Character character = first_character(user_agent);
    if (is_printable(character.code)) {
      if (out.size() + character.bytes > kMaxManagerBytes) break;
      if (character.code == 0xFFFD && character.bytes == 1)
        out += "\xEF\xBF\xBD";
      else
        out += user_agent.substr(0, character.bytes);
    }
    user_agent.remove_prefix(character.bytes);
  }
  return out;
}

}  // namespace slipway::registry
