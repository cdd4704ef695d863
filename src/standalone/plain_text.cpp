#include "standalone/plain_text.h"

#include <algorithm>
#include <fmt/core.h>

#include "data/json.h"
#include "data/yaml_scalar.h"
#include "standalone/formats.h"

namespace slipway::standalone {

namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// 12:30:45 and 190:20: numbers with base 60 in YAML 1.1.
bool is_sexagesimal(std::string_view text) {
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  if (text.empty() || !is_digit(text[0]) || text.find(':') == text.npos) return false;
  bool is_first = true;
  while (true) {
    std::string_view part = text.substr(0, text.find(':'));
    const bool is_last = part.size() == text.size();
    if (is_last) part = part.substr(0, part.find('.'));
    if (part.empty() || !std::ranges::all_of(part, is_digit)) return false;
    if (!is_first && (part.size() > 2 || (part.size() == 2 && part[0] > '5'))) return false;
    if (is_last) return true;
    is_first = false;
    text.remove_prefix(part.size() + 1);
  }
}

// 2026-01-31 and longer forms.
bool is_date(std::string_view text) {
  return text.size() >= 8 && std::ranges::all_of(text.substr(0, 4), is_digit) && text[4] == '-' && is_digit(text[5]) &&
         text.find('-', 5) != text.npos && text.find('-', 5) <= 7 &&
         text.find_first_not_of("0123456789-:.+TtZz ") == text.npos;
}

bool is_octal(std::string_view text) {
  return text.size() > 1 && text[0] == '0' && std::ranges::all_of(text, is_digit);
}

std::string_view kind_in(const data::Json& value) {
  if (value.is_null()) return "nothing (null)";
  if (value.is_bool()) return value.bool_or(false) ? "true" : "false";
  return "a number";
}

}  // namespace

bool is_null_word(std::string_view text) {
  return text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL";
}

std::string_view meant_flag(std::string_view text) {
  const data::Json value = data::resolve_plain_scalar(text, data::YamlDialect::kKubernetes);
  if (text == "1") return "true";
  if (text == "0") return "false";
  if (!value.is_bool()) return {};
  return value.bool_or(false) ? "true" : "false";
}

std::string surprise(std::string_view text, bool is_secret) {
  const std::string name = is_secret ? "the value" : shown(text);
  const data::Json old = data::resolve_plain_scalar(text, data::YamlDialect::kKubernetes);
  const data::Json core = data::resolve_plain_scalar(text, data::YamlDialect::kStrict);
  if (is_octal(text)) return fmt::format("{} without quotes is an octal number to some YAML readers", name);
  if (!core.is_string()) return fmt::format("{} without quotes is {}, not text", name, kind_in(core));
  if (!old.is_string()) return fmt::format("{} without quotes is {} to YAML 1.1 readers", name, kind_in(old));
  if (is_sexagesimal(text)) return fmt::format("{} without quotes is a number with base 60 to YAML 1.1 readers", name);
  if (is_date(text)) return fmt::format("{} without quotes is a date to YAML 1.1 readers", name);
  if (text == "=") return "'=' without quotes is a special value of YAML 1.1";
  return {};
}

bool has_escaped_quote_in_template(std::string_view text) {
  while (true) {
    const auto begin = text.find("{{");
    if (begin == text.npos) return false;
    const auto end = text.find("}}", begin);
    if (end == text.npos) return false;
    const std::string_view action = text.substr(begin, end - begin);
    const auto escaped = action.find("\\\"");
    if (escaped != action.npos && action.substr(0, escaped).find('"') == action.npos) return true;
    text.remove_prefix(end + 2);
  }
}

}  // namespace slipway::standalone
