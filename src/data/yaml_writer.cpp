#include <algorithm>
#include <fmt/core.h>

#include "data/encoding.h"
#include "data/json_text.h"
#include "data/yaml.h"
#include "data/yaml_scalar.h"

namespace slipway::data {

namespace {

struct Unprintable {
  std::size_t bytes = 0;  // 0 = the text starts with something printable
  unsigned point = 0;
};

// The character at the start of `text` when YAML does not allow it as it is, or breaks lines at it: C1 controls, line
// and paragraph separators, byte order marks, U+FFFE and U+FFFF. JSON's quoting knows only those below a blank.
Unprintable unprintable_at(std::string_view text) {
  const auto byte = [&](std::size_t n) { return static_cast<unsigned char>(text[n]); };
  if (text.starts_with('\x7f')) return {1, 0x7f};
  if (text.size() >= 2 && byte(0) == 0xc2 && byte(1) >= 0x80 && byte(1) <= 0x9f) return {2, byte(1)};
  if (text.starts_with("\xe2\x80\xa8")) return {3, 0x2028};
  if (text.starts_with("\xe2\x80\xa9")) return {3, 0x2029};
  if (text.starts_with("\xef\xbb\xbf")) return {3, 0xfeff};
  if (text.starts_with("\xef\xbf\xbe")) return {3, 0xfffe};
  if (text.starts_with("\xef\xbf\xbf")) return {3, 0xffff};
  return {};
}

bool has_control_characters(std::string_view text) {
  for (; !text.empty(); text.remove_prefix(1)) {
    const auto byte = static_cast<unsigned char>(text[0]);
    if ((byte < 0x20 && byte != '\n') || unprintable_at(text).bytes > 0) return true;
  }
  return false;
}

// Looks like a date, a sexagesimal number or another YAML 1.1 special, which other readers may convert.
bool is_risky_plain(std::string_view text) {
  // 10.0.0.5 and 1.2.3 are numbers to nobody.
  if (std::ranges::count(text, '.') >= 2 && text.find_first_not_of("0123456789.") == text.npos) return false;
  const char first = text[0];
  if ((first >= '0' && first <= '9') || first == '+' || first == '-' || first == '.')
    return std::ranges::all_of(text, [](char c) {
      return (c >= '0' && c <= '9') ||
             std::string_view("+-.:_eExXoObBtTzZaAcCdDfFnNiI ").find(c) != std::string_view::npos;
    });
  return text == "=" || text == "<<";
}

bool is_plain_safe(std::string_view text) {
  if (text.empty() || text.front() == ' ' || text.back() == ' ') return false;
  static constexpr std::string_view kIndicators = "-?:,[]{}#&*!|>'\"%@`";
  const bool indicator = kIndicators.find(text[0]) != kIndicators.npos;
  // "-x" is fine, "- x" and "---" are not.
  if (indicator && !(text[0] == '-' && text.size() > 1 && text[1] != ' ' && text[1] != '-')) return false;
  if (text.find('\n') != text.npos || text.find(": ") != text.npos || text.find(" #") != text.npos ||
      text.back() == ':')
    return false;
  if (text.starts_with("...") || text.starts_with("---")) return false;
  if (is_risky_plain(text)) return false;
  return resolve_plain_scalar(text, YamlDialect::kKubernetes).is_string() &&
         resolve_plain_scalar(text, YamlDialect::kStrict).is_string();
}

void append_quoted(std::string& out, std::string_view text) {
  std::string quoted;
  append_json_string(quoted, text);
  // JSON strings are YAML double-quoted strings, but for what YAML does not print.
  std::string_view rest = quoted;
  while (!rest.empty()) {
    const Unprintable unprintable = unprintable_at(rest);
    if (unprintable.bytes > 0) {
      out += fmt::format("\\u{:04x}", unprintable.point);
      rest.remove_prefix(unprintable.bytes);
    } else {
      out += rest[0];
      rest.remove_prefix(1);
    }
  }
}

// A literal block keeps every byte when no line starts the text with a space and nothing needs escaping.
bool fits_literal(std::string_view text) {
  if (text.find('\n') == text.npos || has_control_characters(text) || !is_valid_utf8(text)) return false;
  const auto first = text.find_first_not_of('\n');
  return first != text.npos && first == 0 && text[0] != ' ';
}

void append_literal(std::string& out, std::string_view text, int level) {
  out += '|';
  const bool ends = text.back() == '\n';
  if (!ends) out += '-';
  if (ends && text.size() > 1 && text[text.size() - 2] == '\n') out += '+';
  if (ends) text.remove_suffix(1);
  while (true) {
    const auto end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    out += '\n';
    if (!line.empty()) out.append(static_cast<std::size_t>(level) * 2, ' ');
    out += line;
    if (end == text.npos) return;
    text.remove_prefix(end + 1);
  }
}

void append_string(std::string& out, std::string_view text, int level) {
  if (fits_literal(text)) return append_literal(out, text, level);
  if (is_plain_safe(text) && !has_control_characters(text)) {
    out += text;
  } else {
    append_quoted(out, text);
  }
}

void append_key(std::string& out, const std::string& key) {
  if (is_plain_safe(key) && !has_control_characters(key)) {
    out += key;
  } else {
    append_quoted(out, key);
  }
}

void append_value(std::string& out, const Json& value, int level);

void append_members(std::string& out, const Json& object, int level, bool first_on_line) {
  for (const auto& [key, member] : object.members()) {
    if (!first_on_line) out.append(static_cast<std::size_t>(level) * 2, ' ');
    first_on_line = false;
    append_key(out, key);
    out += ':';
    if (member.is_object() && !member.empty()) {
      out += '\n';
      append_members(out, member, level + 1, false);
    } else if (member.is_array() && !member.empty()) {
      out += '\n';
      append_value(out, member, level);
    } else {
      out += ' ';
      append_value(out, member, level + 1);
      out += '\n';
    }
  }
}

void append_items(std::string& out, const Json& array, int level) {
  for (const Json& item : array.items()) {
    out.append(static_cast<std::size_t>(level) * 2, ' ');
    out += "- ";
    if (item.is_object() && !item.empty()) {
      append_members(out, item, level + 1, true);
    } else if (item.is_array() && !item.empty()) {
      // The first inner item stands on this line.
      std::string inner;
      append_items(inner, item, level + 1);
      out += std::string_view(inner).substr(static_cast<std::size_t>(level + 1) * 2);
    } else {
      append_value(out, item, level + 1);
      out += '\n';
    }
  }
}

void append_value(std::string& out, const Json& value, int level) {
  if (value.is_string()) {
    append_string(out, value.string_or_empty(), level);
  } else if (value.is_object() && !value.empty()) {
    append_members(out, value, level, false);
  } else if (value.is_array() && !value.empty()) {
    append_items(out, value, level);
  } else {
    out += to_json(value);
  }
}

}  // namespace

std::string to_yaml(const Json& value) {
  std::string out;
  // A block at the top level would have to stand at the margin, where "---" means something else.
  if (value.is_string()) {
    append_quoted(out, value.string_or_empty());
  } else {
    append_value(out, value, 0);
  }
  if (!out.ends_with('\n')) out += '\n';
  return out;
}

}  // namespace slipway::data
