#pragma once

#include <cstdint>
#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.h"

namespace slipway::data {

// A JSON value with a header that is cheap to include; text comes and goes through json_text.h. Object keys are kept
// sorted, as Kubernetes' unstructured objects are written. Integers of 64 bits stay integers. A value type: copies are
// deep, distinct values may be used from distinct threads.
class Json {
 public:
  using Array = std::vector<Json>;
  using Object = std::map<std::string, Json, std::less<>>;
  enum class Kind { kNull, kBool, kInteger, kDouble, kString, kArray, kObject };

  Json() = default;
  Json(std::nullptr_t) {}
  Json(bool value) : value_(value) {}
  Json(int value) : value_(std::int64_t{value}) {}
  Json(unsigned value) : value_(std::int64_t{value}) {}
  Json(std::int64_t value) : value_(value) {}
  Json(double value) : value_(value) {}
  Json(const char* value) : value_(std::string(value)) {}
  Json(std::string_view value) : value_(std::string(value)) {}
  Json(std::string value) : value_(std::move(value)) {}
  Json(Array value) : value_(std::move(value)) {}
  Json(Object value) : value_(std::move(value)) {}

  // Json::object({{"kind", "Secret"}, {"data", Json::object()}}) and Json::array({1, "two"}).
  static Json object(std::initializer_list<std::pair<const std::string, Json>> members = {});
  static Json array(std::initializer_list<Json> items = {});

  Kind kind() const { return static_cast<Kind>(value_.index()); }
  bool is_null() const { return kind() == Kind::kNull; }
  bool is_bool() const { return kind() == Kind::kBool; }
  bool is_integer() const { return kind() == Kind::kInteger; }
  bool is_number() const { return kind() == Kind::kInteger || kind() == Kind::kDouble; }
  bool is_string() const { return kind() == Kind::kString; }
  bool is_array() const { return kind() == Kind::kArray; }
  bool is_object() const { return kind() == Kind::kObject; }

  // Tolerant readers: another kind reads as the fallback (or the empty value), never fails.
  bool bool_or(bool fallback) const;
  std::int64_t integer_or(std::int64_t fallback) const;
  double number_or(double fallback) const;
  const std::string& string_or_empty() const;
  std::string string_or(std::string_view fallback) const;
  const Array& items() const;     // empty unless an array
  const Object& members() const;  // empty unless an object

  // A member, or null when this is no object or has no such member. get({"spec", "replicas"}) walks down.
  const Json& operator[](std::string_view key) const;
  const Json& get(std::initializer_list<std::string_view> path) const;
  // The string at a path, or "" when it is absent or no string.
  const std::string& text(std::initializer_list<std::string_view> path) const;
  bool contains(std::string_view key) const;

  // Writers. set() and at() turn a null into an object and append() a null into an array; on another kind they
  // replace it. at() creates what is missing on the way.
  Json& set(std::string_view key, Json value);
  Json& at(std::string_view key);
  Json& at(std::initializer_list<std::string_view> path);
  void append(Json value);
  bool erase(std::string_view key);
  Array& mutable_items();     // becomes an array
  Object& mutable_members();  // becomes an object

  std::size_t size() const;  // items, members, or characters of a string; 0 otherwise
  bool empty() const { return size() == 0; }

  // 1 and 1.0 are equal, as in JSON.
  friend bool operator==(const Json& left, const Json& right);

 private:
  std::variant<std::nullptr_t, bool, std::int64_t, double, std::string, Array, Object> value_ = nullptr;
};

std::string_view kind_name(Json::Kind kind);  // "object", "integer", ... as JSON Schema calls them

}  // namespace slipway::data
