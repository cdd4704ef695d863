#include "data/json.h"

namespace slipway::data {

namespace {
const Json& null_json() {
  static const Json json;
  return json;
}
}  // namespace

Json Json::object(std::initializer_list<std::pair<const std::string, Json>> members) {
  return Json(Object(members));
}
Json Json::array(std::initializer_list<Json> items) {
  return Json(Array(items));
}

bool Json::bool_or(bool fallback) const {
  const bool* value = std::get_if<bool>(&value_);
  return value != nullptr ? *value : fallback;
}

std::int64_t Json::integer_or(std::int64_t fallback) const {
  if (const auto* value = std::get_if<std::int64_t>(&value_)) return *value;
  if (const auto* value = std::get_if<double>(&value_)) {
    // Beyond 2^63 the conversion would be undefined.
    if (*value > -9.2e18 && *value < 9.2e18 && *value == static_cast<double>(static_cast<std::int64_t>(*value)))
      return static_cast<std::int64_t>(*value);
  }
  return fallback;
}

double Json::number_or(double fallback) const {
  if (const auto* value = std::get_if<std::int64_t>(&value_)) return static_cast<double>(*value);
  if (const auto* value = std::get_if<double>(&value_)) return *value;
  return fallback;
}

const std::string& Json::string_or_empty() const {
  static const std::string nothing;
  const auto* value = std::get_if<std::string>(&value_);
  return value != nullptr ? *value : nothing;
}

std::string Json::string_or(std::string_view fallback) const {
  const auto* value = std::get_if<std::string>(&value_);
  return value != nullptr ? *value : std::string(fallback);
}

const Json::Array& Json::items() const {
  static const Array nothing;
  const auto* value = std::get_if<Array>(&value_);
  return value != nullptr ? *value : nothing;
}

const Json::Object& Json::members() const {
  static const Object nothing;
  const auto* value = std::get_if<Object>(&value_);
  return value != nullptr ? *value : nothing;
}

const Json& Json::operator[](std::string_view key) const {
  const Object& all = members();
  const auto found = all.find(key);
  return found != all.end() ? found->second : null_json();
}

const Json& Json::get(std::initializer_list<std::string_view> path) const {
  const Json* here = this;
  for (const std::string_view key : path) here = &(*here)[key];
  return *here;
}

const std::string& Json::text(std::initializer_list<std::string_view> path) const {
  return get(path).string_or_empty();
}

bool Json::contains(std::string_view key) const {
  return members().contains(key);
}

Json& Json::set(std::string_view key, Json value) {
  Json& member = at(key);
  member = std::move(value);
  return member;
}

Json& Json::at(std::string_view key) {
  Object& all = mutable_members();
  const auto found = all.find(key);
  return found != all.end() ? found->second : all.emplace(std::string(key), Json()).first->second;
}

Json& Json::at(std::initializer_list<std::string_view> path) {
  Json* here = this;
  for (const std::string_view key : path) here = &here->at(key);
  return *here;
}

void Json::append(Json value) {
  mutable_items().push_back(std::move(value));
}

bool Json::erase(std::string_view key) {
  auto* all = std::get_if<Object>(&value_);
  if (all == nullptr) return false;
  const auto found = all->find(key);
  if (found == all->end()) return false;
  all->erase(found);
  return true;
}

Json::Array& Json::mutable_items() {
  if (!is_array()) value_ = Array();
  return std::get<Array>(value_);
}

Json::Object& Json::mutable_members() {
  if (!is_object()) value_ = Object();
  return std::get<Object>(value_);
}

std::size_t Json::size() const {
  if (const auto* value = std::get_if<std::string>(&value_)) return value->size();
  return is_array() ? items().size() : members().size();
}

bool operator==(const Json& left, const Json& right) {
  if (left.is_number() && right.is_number() && left.kind() != right.kind())
    return left.number_or(0) == right.number_or(0);
  return left.value_ == right.value_;
}

std::string_view kind_name(Json::Kind kind) {
  switch (kind) {
    case Json::Kind::kNull:
      return "null";
    case Json::Kind::kBool:
      return "boolean";
    case Json::Kind::kInteger:
      return "integer";
    case Json::Kind::kDouble:
      return "number";
    case Json::Kind::kString:
      return "string";
    case Json::Kind::kArray:
      return "array";
    case Json::Kind::kObject:
      return "object";
  }
  return "null";
}

}  // namespace slipway::data
