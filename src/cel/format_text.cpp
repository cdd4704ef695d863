#include "cel/format_text.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fmt/core.h>

#include "cel/string_escapes.h"
#include "cel/time_text.h"

namespace slipway::cel {

namespace {

using Formatted = std::expected<std::string, std::string>;

constexpr int kDefaultPrecision = 6;
constexpr int kMostPrecision = 1000;
constexpr std::string_view kTextClause =
    "string clause can only be used on strings, bools, bytes, ints, doubles, maps, lists, types, durations, and "
    "timestamps, was given {}";

std::string type_name(const Value& value) {
  return value.type()->name;
}

Formatted format_string(const Value& value, WorkMeter& work);

// Inside a list or map, values look like literals of the language.
Formatted format_member(const Value& value, WorkMeter& work) {
  if (!work.spend(1)) return std::unexpected("operation cancelled: actual cost limit exceeded");
  if (const auto* text = value.string()) return go_quote(*text);
  if (const auto* bytes = value.get<Bytes>()) return "b" + go_quote(*bytes->data);
  if (value.get<Timestamp>() != nullptr) return fmt::format("timestamp({})", go_quote(value.show()));
  if (value.get<Duration>() != nullptr) return fmt::format("duration({})", go_quote(value.show()));
  if (const auto* number = value.get<double>()) {
    if (std::isfinite(*number)) return fmt::format("{:.6f}", *number);
    return go_quote(double_text(*number));
  }
  if (value.get<Optional>() != nullptr || value.get<ExtensionRef>() != nullptr || value.get<Undeclared>() != nullptr)
    return std::unexpected("no formatting function for " + type_name(value));
  return format_string(value, work);
}

Formatted format_list(const List& list, WorkMeter& work) {
  std::string out = "[";
  for (std::size_t i = 0; i < size_of(list); ++i) {
    auto item = format_member(item_of(list, i), work);
    if (!item) return item;
    out += (i == 0 ? "" : ", ") + *item;
  }
  return out + "]";
}

Formatted format_map(const Map& map, WorkMeter& work) {
  std::vector<std::pair<std::string, std::string>> pairs;
  for (const Value& key : keys_of(map)) {
    auto key_text = format_member(key, work);
    if (!key_text) return key_text;
    const auto value = find_in(map, key);
    if (!value) return std::unexpected(fmt::format("could not find key: {}", go_quote(key.show())));
    auto text = format_member(*value, work);
    if (!text) return text;
    pairs.emplace_back(std::move(*key_text), std::move(*text));
  }
  std::ranges::sort(pairs, {}, &std::pair<std::string, std::string>::first);
  std::string out = "{";
  for (const auto& [key, text] : pairs) out += fmt::format("{}{}:{}", out.size() == 1 ? "" : ", ", key, text);
  return out + "}";
}

Formatted format_string(const Value& value, WorkMeter& work) {
  if (value.is_error()) return std::unexpected(value.error_message());
  if (const auto* list = value.get<List>()) return format_list(*list, work);
  if (const auto* map = value.get<Map>()) return format_map(*map, work);
  if (value.get<Optional>() != nullptr || value.get<ExtensionRef>() != nullptr || value.get<Undeclared>() != nullptr)
    return std::unexpected(fmt::format(fmt::runtime(kTextClause), type_name(value)));
  return value.show();
}

// en_US: digits in groups of three.
std::string group_digits(std::string text) {
  std::size_t end = text.find('.');
  if (end == text.npos) end = text.size();
  const std::size_t start = text.starts_with('-') ? 1 : 0;
  for (std::size_t at = end; at > start + 3;) {
    at -= 3;
    text.insert(at, ",");
  }
  return text;
}

// The exponent as en_US writes it there: 1.5×10⁰³.
std::string raise(const std::string& text) {
  const auto e = text.find('e');
  if (e == text.npos) return text;
  static constexpr std::string_view kDigits[] = {"⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹"};
  std::string out = text.substr(0, e) +
                    "\u00d7"
                    "10";
  for (const char c : text.substr(e + 1)) {
    if (c == '-') out += "⁻";
    if (c >= '0' && c <= '9') out += kDigits[c - '0'];
  }
  return out;
}

Formatted format_float(const Value& value, char verb, int precision) {
  const auto* number = value.get<double>();
  double given = number != nullptr ? *number : 0;
  if (const auto* text = value.string(); number == nullptr) {
    if (text != nullptr && *text == "NaN")
      given = std::nan("");
    else if (text != nullptr && (*text == "Infinity" || *text == "-Infinity"))
      given = (*text)[0] == '-' ? -INFINITY : INFINITY;
    else
      return std::unexpected(fmt::format("{} clause can only be used on doubles, was given {}",
                                         verb == 'f' ? "fixed-point" : "scientific", type_name(value)));
  }
  if (std::isnan(given)) return "NaN";
  if (std::isinf(given)) return given < 0 ? "-∞" : "∞";
  if (verb == 'f') return group_digits(fmt::format("{:.{}f}", given, precision));
  return raise(fmt::format("{:.{}e}", given, precision));
}

std::string digits(std::uint64_t value, int base) {
  char text[64];
  const auto end = std::to_chars(text, text + sizeof text, value, base);
  return {text, end.ptr};
}

Formatted format_integer(const Value& value, char verb) {
  const int base = verb == 'd' ? 10 : verb == 'b' ? 2 : verb == 'o' ? 8 : 16;
  std::string out;
  if (const auto* number = value.get<std::int64_t>()) {
    out = *number < 0 ? "-" + digits(~static_cast<std::uint64_t>(*number) + 1, base)
                      : digits(static_cast<std::uint64_t>(*number), base);
  } else if (const auto* natural = value.get<std::uint64_t>()) {
    out = digits(*natural, base);
  } else if (verb == 'b' && value.get<bool>() != nullptr) {
    out = value.is_true() ? "1" : "0";
  } else if (base == 16 && (value.string() != nullptr || value.get<Bytes>() != nullptr)) {
    for (const char c : value.string() != nullptr ? *value.string() : std::string_view(*value.get<Bytes>()->data))
      out += fmt::format("{:02x}", static_cast<unsigned char>(c));
  } else {
    const std::string_view why = verb == 'd'   ? "decimal clause can only be used on integers, was given {}"
                                 : verb == 'b' ? "only integers and bools can be formatted as binary, was given {}"
                                 : verb == 'o'
                                     ? "octal clause can only be used on integers, was given {}"
                                     : "only integers, byte buffers, and strings can be formatted as hex, was given {}";
    return std::unexpected(fmt::format(fmt::runtime(why), type_name(value)));
  }
  if (verb == 'X')
    std::ranges::transform(out, out.begin(),
                           [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
  return out;
}

Formatted format_clause(const Value& value, char verb, int precision, WorkMeter& work) {
  if (value.is_error()) return std::unexpected(value.error_message());
  switch (verb) {
    case 's':
      return format_string(value, work);
    case 'e':
    case 'f':
      return format_float(value, verb, precision);
    case 'd':
    case 'b':
    case 'o':
    case 'x':
    case 'X':
      return format_integer(value, verb);
    default:
      return std::unexpected(
          fmt::format("could not parse formatting clause: unrecognized formatting clause \"{}\"", verb));
  }
}

}  // namespace

Value format_text(std::string_view pattern, const List& arguments, WorkMeter& work) {
  std::string out;
  std::size_t argument = 0;
  for (std::size_t i = 0; i < pattern.size();) {
    if (pattern[i] != '%') {
      out += pattern[i++];
      continue;
    }
    if (++i < pattern.size() && pattern[i] == '%') {
      out += pattern[i++];
      continue;
    }
    if (argument >= size_of(arguments)) return Value::error(fmt::format("index {} out of range", argument));
    if (i >= pattern.size()) return Value::error("unexpected end of string");
    int precision = kDefaultPrecision;
    if (pattern[i] == '.') {
      std::size_t end = i + 1;
      while (end < pattern.size() && pattern[end] >= '0' && pattern[end] <= '9') ++end;
      const auto [last, error] = std::from_chars(pattern.data() + i + 1, pattern.data() + end, precision);
      if (error != std::errc() || precision > kMostPrecision)
        return Value::error(fmt::format(
            "error while parsing precision: error while converting precision to integer: strconv.Atoi: parsing {}: "
            "invalid syntax",
            go_quote(pattern.substr(i + 1, end - i - 1))));
      i = end;
      if (i >= pattern.size()) return Value::error("could not find end of precision specifier");
    }
    auto text = format_clause(item_of(arguments, argument++), pattern[i], precision, work);
    if (!text) return Value::error(std::move(text.error()));
    if (!work.spend(1 + text->size() / 16)) return Value::error("operation cancelled: actual cost limit exceeded");
    out += *text;
    ++i;
  }
  return Value::text(std::move(out));
}

}  // namespace slipway::cel
