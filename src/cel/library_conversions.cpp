#include <charconv>
#include <cmath>
#include <fmt/core.h>

#include "cel/library.h"
#include "cel/string_escapes.h"
#include "cel/time_text.h"
#include "data/encoding.h"

// int(), uint(), double(), string(), bytes(), bool(), duration(), timestamp(), dyn(), type().
namespace slipway::cel {

namespace {

using Arguments = std::span<const Value>;

template <typename T>
const T& arg(Arguments arguments) {
  return *arguments[0].get<T>();
}

Value unconvertible(std::string_view from, std::string_view to) {
  return Value::error(fmt::format("type conversion error from '{}' to '{}'", from, to));
}

Value identity(Arguments arguments, CallContext&) {
  return arguments[0];
}

// Go's ParseInt and ParseUint: digits and at most one sign (no sign for the unsigned).
template <typename T>
Value parse_integer(Arguments arguments, std::string_view to) {
  std::string_view text = *arguments[0].string();
  T value = 0;
  if (std::is_signed_v<T> && text.starts_with('+') && !text.substr(1).starts_with('-')) text.remove_prefix(1);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || text.empty()) return unconvertible("string", to);
  return value;
}

// Go's ParseFloat takes also infinities, underscores excluded, and hexadecimal mantissas with an exponent.
Value parse_double(Arguments arguments) {
  const std::string text(*arguments[0].string());
  const auto fail = [] { return unconvertible("string", "double"); };
  if (text.empty() || std::isspace(static_cast<unsigned char>(text[0]))) return fail();
  std::string_view bare = text;
  if (bare[0] == '+' || bare[0] == '-') bare.remove_prefix(1);
  const bool hexadecimal = bare.starts_with("0x") || bare.starts_with("0X");
  if (hexadecimal && bare.find_first_of("pP") == bare.npos) return fail();
  if (bare.starts_with('n') || bare.starts_with('N')) {
    if (bare.size() != 3 || bare.size() != text.size()) return fail();
  }
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  if (end != text.c_str() + text.size()) return fail();
  if (std::isinf(value) && std::isdigit(static_cast<unsigned char>(bare[0]))) return fail();  // out of range
  if (std::isinf(value) && bare[0] == '.') return fail();
  return value;
}

Value parse_bool(Arguments arguments) {
  const std::string_view text = *arguments[0].string();
  for (const std::string_view yes : {"1", "t", "T", "true", "TRUE", "True"})
    if (text == yes) return true;
  for (const std::string_view no : {"0", "f", "F", "false", "FALSE", "False"})
    if (text == no) return false;
  return unconvertible("string", "bool");
}

Value double_to_int(Arguments arguments) {
  const double value = arg<double>(arguments);
  if (!(value > -0x1p63 && value < 0x1p63)) return Value::error("integer overflow");
  return static_cast<std::int64_t>(value);
}

Value double_to_uint(Arguments arguments) {
  const double value = arg<double>(arguments);
  if (!(value >= 0 && value < 0x1p64)) return Value::error("unsigned integer overflow");
  return static_cast<std::uint64_t>(value);
}

void add_numbers(Library& library) {
  using namespace types;
  library.add("int", "int64_to_int64", {integer}, integer, identity);
  library.add("int", "double_to_int64", {floating}, integer,
              [](Arguments a, CallContext&) { return double_to_int(a); });
  library.add("int", "duration_to_int64", {duration}, integer,
              [](Arguments a, CallContext&) -> Value { return arg<Duration>(a).nanoseconds; });
  library.add("int", "string_to_int64", {string}, integer,
              [](Arguments a, CallContext&) { return parse_integer<std::int64_t>(a, "int"); });
  library.add("int", "timestamp_to_int64", {timestamp}, integer,
              [](Arguments a, CallContext&) -> Value { return arg<Timestamp>(a).seconds; });
  library.add("int", "uint64_to_int64", {uint}, integer, [](Arguments a, CallContext&) -> Value {
    if (arg<std::uint64_t>(a) >> 63 != 0) return Value::error("integer overflow");
    return static_cast<std::int64_t>(arg<std::uint64_t>(a));
  });
  library.add("uint", "uint64_to_uint64", {uint}, uint, identity);
  library.add("uint", "double_to_uint64", {floating}, uint,
              [](Arguments a, CallContext&) { return double_to_uint(a); });
  library.add("uint", "int64_to_uint64", {integer}, uint, [](Arguments a, CallContext&) -> Value {
    if (arg<std::int64_t>(a) < 0) return Value::error("unsigned integer overflow");
    return static_cast<std::uint64_t>(arg<std::int64_t>(a));
  });
  library.add("uint", "string_to_uint64", {string}, uint,
              [](Arguments a, CallContext&) { return parse_integer<std::uint64_t>(a, "uint"); });
  library.add("double", "double_to_double", {floating}, floating, identity);
  library.add("double", "int64_to_double", {integer}, floating,
              [](Arguments a, CallContext&) -> Value { return static_cast<double>(arg<std::int64_t>(a)); });
  library.add("double", "string_to_double", {string}, floating,
              [](Arguments a, CallContext&) { return parse_double(a); });
  library.add("double", "uint64_to_double", {uint}, floating,
              [](Arguments a, CallContext&) -> Value { return static_cast<double>(arg<std::uint64_t>(a)); });
}

void add_texts(Library& library) {
  using namespace types;
  library.add("string", "string_to_string", {string}, string, identity);
  for (const auto& [id, type] : {std::pair{"bool", boolean},
                                 {"double", floating},
                                 {"duration", duration},
                                 {"int64", integer},
                                 {"timestamp", timestamp},
                                 {"uint64", uint}})
    library.add("string", fmt::format("{}_to_string", id), {type}, string,
                [](Arguments a, CallContext&) { return Value::text(a[0].show()); });
  library.add(
      "string", "bytes_to_string", {bytes}, string,
      [](Arguments a, CallContext&) {
        const std::string& data = *arg<Bytes>(a).data;
        if (!data::is_valid_utf8(data)) return Value::error("invalid UTF-8 in bytes, cannot convert to string");
        return Value::text(data);
      },
      CostRule::kConversion);
  library.add("bytes", "bytes_to_bytes", {bytes}, bytes, identity);
  library.add(
      "bytes", "string_to_bytes", {string}, bytes,
      [](Arguments a, CallContext&) { return Value::bytes(std::string(*a[0].string())); }, CostRule::kConversion);
  library.add("bool", "bool_to_bool", {boolean}, boolean, identity);
  library.add("bool", "string_to_bool", {string}, boolean, [](Arguments a, CallContext&) { return parse_bool(a); });
}

void add_times(Library& library) {
  using namespace types;
  library.add("duration", "duration_to_duration", {duration}, duration, identity);
  library.add("duration", "int64_to_duration", {integer}, duration,
              [](Arguments, CallContext&) { return unconvertible("int", "google.protobuf.Duration"); });
  library.add("duration", "string_to_duration", {string}, duration, [](Arguments a, CallContext&) -> Value {
    const auto duration = parse_duration(*a[0].string());
    return duration ? Value(*duration) : unconvertible("string", "google.protobuf.Duration");
  });
  library.add("timestamp", "timestamp_to_timestamp", {timestamp}, timestamp, identity);
  library.add("timestamp", "int64_to_timestamp", {integer}, timestamp, [](Arguments a, CallContext&) -> Value {
    const std::int64_t seconds = arg<std::int64_t>(a);
    if (seconds < kFirstSecond || seconds > kLastSecond) return Value::error("timestamp overflow");
    return Timestamp{seconds, 0};
  });
  library.add("timestamp", "string_to_timestamp", {string}, timestamp, [](Arguments a, CallContext&) -> Value {
    const auto time = parse_timestamp(*a[0].string());
    if (!time) return unconvertible("string", "google.protobuf.Timestamp");
    if (time->seconds < kFirstSecond || time->seconds > kLastSecond) return Value::error("timestamp overflow");
    return *time;
  });
}

}  // namespace

void add_conversions(Library& library) {
  add_numbers(library);
  add_texts(library);
  add_times(library);
  library.add("dyn", "to_dyn", {types::parameter("A")}, types::dyn, identity);
  library.add("type", "type", {types::parameter("A")}, types::type_of(types::parameter("A")),
              [](Arguments a, CallContext&) -> Value { return a[0].type(); });
}

}  // namespace slipway::cel
