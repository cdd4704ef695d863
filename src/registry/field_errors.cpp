#include "registry/field_errors.h"

#include <algorithm>
#include <fmt/core.h>
#include <fmt/ranges.h>

#include "data/json_text.h"

namespace slipway::registry {

using base::Error;
using base::ErrorCode;
using base::FieldError;
using data::Json;

namespace {

// Values in messages are cut: an object may hold megabytes, an error must not.
constexpr std::size_t kLongestValue = 512;

std::string quote(std::string_view text) {
  std::string out;
  data::append_json_string(out, text);
  return out;
}

std::string show(const Json& value) {
  std::string text = data::to_json(value);
  if (text.size() <= kLongestValue) return text;
  std::size_t cut = kLongestValue;
  while (cut > 0 && (static_cast<unsigned char>(text[cut]) & 0xC0) == 0x80) --cut;
  return text.substr(0, cut) + (value.is_string() ? "...\"" : "...");
}

FieldError make(std::string_view path, std::string_view reason, std::string message, std::string_view detail) {
  if (!detail.empty()) message += fmt::format(": {}", detail);
  return {std::string(path), std::string(reason), std::move(message)};
}

}  // namespace

FieldError required_value(std::string_view path, std::string_view detail) {
  return make(path, "FieldValueRequired", "Required value", detail);
}
FieldError invalid_value(std::string_view path, const Json& value, std::string_view detail) {
  return make(path, "FieldValueInvalid", "Invalid value: " + show(value), detail);
}
FieldError invalid_type(std::string_view path, const Json& value, std::string_view detail) {
  return make(path, "FieldValueTypeInvalid", "Invalid value: " + show(value), detail);
}

FieldError unsupported_value(std::string_view path, const Json& value, const std::vector<Json>& supported) {
  std::vector<std::string> names;
  for (const Json& item : supported) names.push_back(item.is_string() ? show(item) : quote(data::to_json(item)));
  return make(path, "FieldValueNotSupported", "Unsupported value: " + show(value),
              fmt::format("supported values: {}", fmt::join(names, ", ")));
}

FieldError duplicate_value(std::string_view path, const Json& value) {
  return make(path, "FieldValueDuplicate", "Duplicate value: " + show(value), "");
}
FieldError forbidden_value(std::string_view path, std::string_view detail) {
  return make(path, "FieldValueForbidden", "Forbidden", detail);
}
FieldError too_long(std::string_view path, std::int64_t limit) {
  return make(path, "FieldValueTooLong", "Too long",
              fmt::format("may not be more than {} {}", limit, limit == 1 ? "byte" : "bytes"));
}
FieldError too_many(std::string_view path, std::int64_t actual, std::int64_t limit) {
  return make(path, "FieldValueTooMany", fmt::format("Too many: {}", actual),
              fmt::format("must have at most {} {}", limit, limit == 1 ? "item" : "items"));
}

Error invalid_object(const meta::GroupKind& kind, std::string_view name, FieldErrors errors) {
  std::vector<std::string> lines;
  for (const FieldError& error : errors) {
    std::string line = fmt::format("{}: {}", error.field, error.message);
    if (std::ranges::find(lines, line) == lines.end()) lines.push_back(std::move(line));
  }
  const std::string kind_text = kind.group.empty() ? kind.kind : kind.kind + "." + kind.group;
  const std::string joined = lines.size() == 1 ? lines.front() : fmt::format("[{}]", fmt::join(lines, ", "));
  return Error(ErrorCode::kInvalid, fmt::format("{} {} is invalid: {}", kind_text, quote(name), joined))
      .with_fields(std::move(errors));
}

Error not_found(std::string_view resource, std::string_view name) {
  return {ErrorCode::kNotFound, fmt::format("{} {} not found", resource, quote(name))};
}
Error already_exists(std::string_view resource, std::string_view name) {
  return {ErrorCode::kAlreadyExists, fmt::format("{} {} already exists", resource, quote(name))};
}
Error forbidden(std::string_view resource, std::string_view name, std::string_view why) {
  return {ErrorCode::kForbidden, fmt::format("{} {} is forbidden: {}", resource, quote(name), why)};
}
Error conflict(std::string_view resource, std::string_view name, std::string_view why) {
  return {ErrorCode::kConflict, fmt::format("Operation cannot be fulfilled on {} {}: {}", resource, quote(name), why)};
}
Error modified_conflict(std::string_view resource, std::string_view name) {
  return conflict(resource, name,
                  "the object has been modified; please apply your changes to the latest version and try again");
}

}  // namespace slipway::registry
