#include "registry/apply/json_order.h"

#include <charconv>
#include <cmath>
#include <fmt/core.h>

#include "data/encoding.h"

namespace slipway::registry {

using data::Json;

namespace {

// Numbers first, then in this order; both kinds of numbers are one rank.
int rank(const Json& value) {
  switch (value.kind()) {
    case Json::Kind::kInteger:
    case Json::Kind::kDouble:
      return 0;
    case Json::Kind::kString:
      return 1;
    case Json::Kind::kBool:
      return 2;
    case Json::Kind::kArray:
      return 3;
    case Json::Kind::kObject:
      return 4;
    case Json::Kind::kNull:
      return 5;
  }
  return 5;
}

template <typename T>
int order(const T& left, const T& right) {
  if (left < right) return -1;
  return right < left ? 1 : 0;
}

int compare_lists(const Json::Array& left, const Json::Array& right) {
  for (std::size_t i = 0; i < left.size() && i < right.size(); ++i)
    if (const int found = compare_values(left[i], right[i]); found != 0) return found;
  return order(left.size(), right.size());
}

int compare_maps(const Json::Object& left, const Json::Object& right) {
  auto l = left.begin();
  auto r = right.begin();
  for (; l != left.end() && r != right.end(); ++l, ++r) {
    if (const int found = l->first.compare(r->first); found != 0) return found;
    if (const int found = compare_values(l->second, r->second); found != 0) return found;
  }
  return order(left.size(), right.size());
}

// Shortest digits that read back as the same number, without exponent.
std::string plain_number(double number) {
  char buffer[400];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, number, std::chars_format::fixed);
  return {buffer, end.ptr};
}

std::string exponent_number(double number) {
  char buffer[64];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, number, std::chars_format::scientific);
  return {buffer, end.ptr};
}

void append_json_number(std::string& out, double number) {
  const double size = std::fabs(number);
  out += size != 0 && (size < 1e-6 || size >= 1e21) ? exponent_number(number) : plain_number(number);
}

bool is_line_separator(std::string_view text) {
  return text.starts_with("\xE2\x80\xA8") || text.starts_with("\xE2\x80\xA9");
}

}  // namespace

std::string number_text(double number) {
  if (number == 0) return std::signbit(number) ? "-0" : "0";
  const std::string scientific = exponent_number(number);
  const int exponent = std::stoi(scientific.substr(scientific.find('e') + 1));
  return exponent < -4 || exponent >= 6 ? scientific : plain_number(number);
}

int compare_values(const Json& left, const Json& right) {
  if (const int found = order(rank(left), rank(right)); found != 0) return found;
  switch (left.kind()) {
    case Json::Kind::kInteger:
      if (right.is_integer()) return order(left.integer_or(0), right.integer_or(0));
      return order(left.number_or(0), right.number_or(0));
    case Json::Kind::kDouble:
      return order(left.number_or(0), right.number_or(0));
    case Json::Kind::kString:
      return order(left.string_or_empty(), right.string_or_empty());
    case Json::Kind::kBool:
      return order(left.bool_or(false), right.bool_or(false));
    case Json::Kind::kArray:
      return compare_lists(left.items(), right.items());
    case Json::Kind::kObject:
      return compare_maps(left.members(), right.members());
    case Json::Kind::kNull:
      return 0;
  }
  return 0;
}

std::string quoted_text(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\a':
        out += "\\a";
        break;
      case '\b':
        out += "\\b";
        break;
      case '\f':
        out += "\\f";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      case '\v':
        out += "\\v";
        break;
      default:
        if (byte < 0x20 || byte == 0x7F)
          out += fmt::format("\\x{:02x}", byte);
        else
          out += c;
    }
  }
  return out + "\"";
}

std::string value_text(const Json& value, Numbers numbers) {
  switch (value.kind()) {
    case Json::Kind::kNull:
      return "null";
    case Json::Kind::kBool:
      return value.bool_or(false) ? "true" : "false";
    case Json::Kind::kInteger:
      if (numbers == Numbers::kKeepIntegers) return std::to_string(value.integer_or(0));
      [[fallthrough]];
    case Json::Kind::kDouble:
      return number_text(value.number_or(0));
    case Json::Kind::kString:
      return quoted_text(value.string_or_empty());
    case Json::Kind::kArray: {
      std::string out;
      for (const Json& item : value.items()) out += "," + value_text(item, numbers);
      return "[" + (out.empty() ? out : out.substr(1)) + "]";
    }
    case Json::Kind::kObject: {
      std::string out;
      for (const auto& [name, member] : value.members()) out += name + "=" + value_text(member, numbers);
      return out;
    }
  }
  return "";
}

void append_quoted_json(std::string& out, std::string_view text, bool escape_html) {
  out += '"';
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\r') {
      out += "\\r";
    } else if (c == '\t') {
      out += "\\t";
    } else if (byte < 0x20 || (escape_html && (c == '<' || c == '>' || c == '&'))) {
      out += fmt::format("\\u{:04x}", byte);
    } else if (escape_html && is_line_separator(text.substr(i))) {
      out += text[i + 2] == '\xA8' ? "\\u2028" : "\\u2029";
      i += 2;
    } else {
      out += c;
    }
  }
  out += '"';
}

void append_value_json(std::string& out, const Json& value) {
  switch (value.kind()) {
    case Json::Kind::kNull:
      out += "null";
      return;
    case Json::Kind::kBool:
      out += value.bool_or(false) ? "true" : "false";
      return;
    case Json::Kind::kInteger:
      out += std::to_string(value.integer_or(0));
      return;
    case Json::Kind::kDouble:
      append_json_number(out, value.number_or(0));
      return;
    case Json::Kind::kString:
      append_quoted_json(out, value.string_or_empty(), true);
      return;
    case Json::Kind::kArray: {
      out += '[';
      bool first = true;
      for (const Json& item : value.items()) {
        if (!first) out += ',';
        first = false;
        append_value_json(out, item);
      }
      out += ']';
      return;
    }
    case Json::Kind::kObject: {
      out += '{';
      bool first = true;
      for (const auto& [name, member] : value.members()) {
        if (!first) out += ',';
        first = false;
        append_quoted_json(out, name, true);
        out += ':';
        append_value_json(out, member);
      }
      out += '}';
      return;
    }
  }
}

}  // namespace slipway::registry
