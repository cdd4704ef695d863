#include "cel/string_escapes.h"

#include <fmt/core.h>

#include "data/encoding.h"

namespace slipway::cel {

using base::ErrorCode;

namespace {

constexpr char32_t kReplacement = 0xFFFD;

bool is_code_point(std::uint32_t code) {
  return code <= 0x10FFFF && (code < 0xD800 || code > 0xDFFF);
}

int hexadecimal(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

base::Error bad_escape(std::string_view why = "unable to unescape string") {
  return {ErrorCode::kInvalid, std::string(why)};
}

// Digits of a numeric escape, `base` 8 or 16.
base::Result<std::uint32_t> read_code(std::string_view inner, std::size_t& at, std::size_t count, int base) {
  std::uint32_t code = 0;
  for (std::size_t i = 0; i < count; ++i, ++at) {
    const int digit = at < inner.size() ? hexadecimal(inner[at]) : -1;
    if (digit < 0 || digit >= base)
      return bad_escape(base == 8 ? "unable to unescape octal sequence in string" : "unable to unescape string");
    code = code * static_cast<std::uint32_t>(base) + static_cast<std::uint32_t>(digit);
  }
  return code;
}

base::Status read_escape(std::string_view inner, std::size_t& at, bool bytes, std::string& out) {
  const char c = inner[at++];
  constexpr std::string_view kLetters = "abfnrtv\\'\"`?", kMeanings = "\a\b\f\n\r\t\v\\'\"`?";
  if (const auto found = kLetters.find(c); found != kLetters.npos) {
    out += kMeanings[found];
    return {};
  }
  std::size_t count = 0;
  int base = 16;
  switch (c) {
    case 'x':
    case 'X':
      count = 2;
      break;
    case 'u':
    case 'U':
      if (bytes) return bad_escape();
      count = c == 'u' ? 4 : 8;
      break;
    case '0':
    case '1':
    case '2':
    case '3':
      --at;
      count = 3;
      base = 8;
      break;
    default:
      return bad_escape();
  }
  const std::uint32_t code = SLIPWAY_TRY(read_code(inner, at, count, base));
  if (bytes) {
    out += static_cast<char>(code);
    return {};
  }
  if (!is_code_point(code)) return bad_escape("invalid unicode code point");
  append_utf8(out, code);
  return {};
}

}  // namespace

void append_utf8(std::string& out, char32_t code) {
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xC0 | code >> 6);
    out += static_cast<char>(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    out += static_cast<char>(0xE0 | code >> 12);
    out += static_cast<char>(0x80 | (code >> 6 & 0x3F));
    out += static_cast<char>(0x80 | (code & 0x3F));
  } else {
    out += static_cast<char>(0xF0 | code >> 18);
    out += static_cast<char>(0x80 | (code >> 12 & 0x3F));
    out += static_cast<char>(0x80 | (code >> 6 & 0x3F));
    out += static_cast<char>(0x80 | (code & 0x3F));
  }
}

base::Result<std::string> unescape_literal(std::string_view inner, bool raw, bool bytes) {
  std::string out;
  for (std::size_t at = 0; at < inner.size();) {
    if (inner[at] == '\r') {  // every line end is one \n
      out += '\n';
      at += inner.substr(at).starts_with("\r\n") ? 2 : 1;
    } else if (inner[at] != '\\' || raw) {
      out += inner[at++];
    } else {
      if (++at >= inner.size()) return bad_escape("unable to unescape string, found '\\' as last character");
      SLIPWAY_TRY(read_escape(inner, at, bytes, out));
    }
  }
  return out;
}

std::u32string to_code_points(std::string_view text) {
  std::u32string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const std::size_t length = byte < 0x80 ? 1 : byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : byte >= 0xC2 ? 2 : 0;
    if (length == 1) {
      out += byte;
      ++i;
      continue;
    }
    std::uint32_t code = length == 2 ? byte & 0x1F : length == 3 ? byte & 0x0F : byte & 0x07;
    bool good = length != 0 && i + length <= text.size();
    for (std::size_t j = 1; good && j < length; ++j) {
      const auto next = static_cast<unsigned char>(text[i + j]);
      good = (next & 0xC0) == 0x80;
      code = code << 6 | (next & 0x3F);
    }
    good = good && is_code_point(code) && (length != 3 || code >= 0x800) && (length != 4 || code >= 0x10000);
    out += good ? code : kReplacement;
    i += good ? length : 1;
  }
  return out;
}

std::string to_utf8(std::u32string_view text) {
  std::string out;
  for (const char32_t code : text) append_utf8(out, code);
  return out;
}

std::string go_quote(std::string_view text) {
  std::string out = "\"";
  for (const char32_t code : to_code_points(text)) {
    constexpr std::string_view kControls = "\a\b\f\n\r\t\v\\\"", kLetters = "abfnrtv\\\"";
    const auto found = code < 0x80 ? kControls.find(static_cast<char>(code)) : kControls.npos;
    if (found != kControls.npos && code != 0)
      out += {'\\', kLetters[found]};
    else if (code < 0x20 || code == 0x7F)
      out += fmt::format("\\x{:02x}", static_cast<std::uint32_t>(code));
    else if (code >= 0x80 && code < 0xA1)
      out += fmt::format("\\u{:04x}", static_cast<std::uint32_t>(code));
    else
      append_utf8(out, code);
  }
  return out + "\"";
}

}  // namespace slipway::cel
