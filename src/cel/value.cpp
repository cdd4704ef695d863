#include "cel/value.h"

#include <fmt/core.h>

#include "cel/compare.h"
#include "cel/time_text.h"
#include "data/encoding.h"
#include "data/json_text.h"

namespace slipway::cel {

using data::Json;
using Kind = Declaration::Kind;

namespace {

Value wrong_json(std::string_view expected, const Json& json) {
  return Value::error(fmt::format("invalid data, expected {}, got {}", expected,
                                  json.is_integer() ? "int64" : data::kind_name(json.kind())));
}

Value read_timed(std::string_view text, Kind kind) {
  if (kind == Kind::kDuration) {
    if (const auto duration = parse_schema_duration(text)) return *duration;
    return Value::error(fmt::format("Invalid duration {}: unable to parse {} as duration", text, text));
  }
  const auto time = kind == Kind::kDate ? parse_date(text) : parse_schema_time(text);
  if (time) return *time;
  return Value::error(fmt::format("Invalid {} formatted string {}", kind == Kind::kDate ? "date" : "date-time", text));
}

}  // namespace

Value Value::error(std::string message) {
  Value value;
  value.data_ = Error{std::make_shared<const std::string>(std::move(message))};
  return value;
}

Value Value::text(std::string text) {
  auto owner = std::make_shared<const std::string>(std::move(text));
  Value value;
  const std::string_view view = *owner;
  value.data_ = Text{view, std::move(owner)};
  return value;
}

Value Value::view(std::string_view view) {
  Value value;
  value.data_ = Text{view, nullptr};
  return value;
}

Value Value::bytes(std::string bytes) {
  Value value;
  value.data_ = Bytes{std::make_shared<const std::string>(std::move(bytes))};
  return value;
}

Value Value::list(std::vector<Value> items) {
  return List{nullptr, nullptr, std::make_shared<std::vector<Value>>(std::move(items))};
}

Value Value::map(Entries entries) {
  return Map{nullptr, nullptr, std::make_shared<Entries>(std::move(entries))};
}

Value Value::some(Value value) {
  return Optional{std::make_shared<const Value>(std::move(value))};
}

Value Value::none() {
  return Optional{};
}

Value Value::of_json(const Json& json, const Declaration* declaration) {
  if (declaration == nullptr) return Undeclared{&json};
  if (json.is_null())
    return declaration->nullable ? Value() : error("invalid data, got null for schema with nullable=false");
  switch (declaration->kind) {
    case Kind::kIntOrString:
      if (json.is_string()) return view(json.string_or_empty());
      if (json.is_integer()) return json.integer_or(0);
      return error("invalid data, expected XIntOrString value to be either a string or integer");
    case Kind::kObject:
    case Kind::kMap:
      if (json.is_object()) return Map{&json, declaration, nullptr};
      return error("invalid data, expected a map for the provided schema with type=object");
    case Kind::kList:
      if (json.is_array()) return List{&json, declaration, nullptr};
      return error("invalid data, expected an array for the provided schema with type=array");
    case Kind::kString:
      if (json.is_string()) return view(json.string_or_empty());
      return wrong_json("string", json);
    case Kind::kBytes: {
      if (!json.is_string()) return wrong_json("string", json);
      auto decoded = data::base64_decode(json.string_or_empty());
      if (!decoded) return error(fmt::format("Invalid byte formatted string {}", json.string_or_empty()));
      return bytes(std::move(*decoded));
    }
    case Kind::kTimestamp:
    case Kind::kDate:
    case Kind::kDuration:
      if (!json.is_string()) return wrong_json("string", json);
      return read_timed(json.string_or_empty(), declaration->kind);
    case Kind::kDouble:
      if (json.is_number()) return json.number_or(0);
      return wrong_json("float", json);
    case Kind::kInt:
      if (json.is_integer()) return json.integer_or(0);
      return wrong_json("int", json);
    case Kind::kBool:
      if (json.is_bool()) return json.bool_or(false);
      return wrong_json("bool", json);
  }
  return error("invalid data");
}

TypeKind Value::kind() const {
  struct Visitor {
    TypeKind operator()(const Error&) const { return TypeKind::kError; }
    TypeKind operator()(const Null&) const { return TypeKind::kNull; }
    TypeKind operator()(bool) const { return TypeKind::kBool; }
    TypeKind operator()(std::int64_t) const { return TypeKind::kInt; }
    TypeKind operator()(std::uint64_t) const { return TypeKind::kUint; }
    TypeKind operator()(double) const { return TypeKind::kDouble; }
    TypeKind operator()(const Text&) const { return TypeKind::kString; }
    TypeKind operator()(const Bytes&) const { return TypeKind::kBytes; }
    TypeKind operator()(const Timestamp&) const { return TypeKind::kTimestamp; }
    TypeKind operator()(const Duration&) const { return TypeKind::kDuration; }
    TypeKind operator()(const List&) const { return TypeKind::kList; }
    TypeKind operator()(const Map&) const { return TypeKind::kMap; }
    TypeKind operator()(const Optional&) const { return TypeKind::kOptional; }
    TypeKind operator()(const Undeclared&) const { return TypeKind::kDyn; }
    TypeKind operator()(const TypeRef&) const { return TypeKind::kType; }
    TypeKind operator()(const ExtensionRef&) const { return TypeKind::kOpaque; }
  };
  return std::visit(Visitor(), data_);
}

TypeRef Value::type() const {
  static const TypeRef any_list = types::opaque("list"), any_map = types::opaque("map"),
                       any_optional = types::opaque("optional_type"), undeclared = types::opaque("unknown");
  switch (kind()) {
    case TypeKind::kNull:
      return types::null;
    case TypeKind::kBool:
      return types::boolean;
    case TypeKind::kInt:
      return types::integer;
    case TypeKind::kUint:
      return types::uint;
    case TypeKind::kDouble:
      return types::floating;
    case TypeKind::kString:
      return types::string;
    case TypeKind::kBytes:
      return types::bytes;
    case TypeKind::kTimestamp:
      return types::timestamp;
    case TypeKind::kDuration:
      return types::duration;
    case TypeKind::kList:
      return any_list;
    case TypeKind::kMap:
      return any_map;
    case TypeKind::kOptional:
      return any_optional;
    case TypeKind::kType:
      return types::meta;
    case TypeKind::kOpaque:
      return (*get<ExtensionRef>())->type();
    default:
      return undeclared;
  }
}

std::string Value::show() const {
  if (is_error()) return error_message();
  if (is_null()) return "null";
  if (const auto* flag = get<bool>()) return *flag ? "true" : "false";
  if (const auto* number = get<std::int64_t>()) return std::to_string(*number);
  if (const auto* number = get<std::uint64_t>()) return std::to_string(*number);
  if (const auto* number = get<double>()) return double_text(*number);
  if (const auto* text = string()) return std::string(*text);
  if (const auto* bytes = get<Bytes>()) return *bytes->data;
  if (const auto* time = get<Timestamp>()) return timestamp_text(*time);
  if (const auto* duration = get<Duration>()) return duration_text(*duration);
  if (const auto* type = get<TypeRef>()) return (*type)->name;
  return type()->name;
}

}  // namespace slipway::cel
