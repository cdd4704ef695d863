#include "registry/apply/path_element.h"

#include <algorithm>
#include <charconv>
#include <fmt/core.h>

#include "data/json_text.h"

namespace slipway::registry {

using base::ErrorCode;
using base::fail;
using data::Json;

namespace {

int compare_keys(const PathElement::Key& left, const PathElement::Key& right) {
  for (std::size_t i = 0; i < left.size() && i < right.size(); ++i) {
    if (const int found = left[i].first.compare(right[i].first); found != 0) return found;
    if (const int found = compare_values(left[i].second, right[i].second); found != 0) return found;
  }
  if (left.size() == right.size()) return 0;
  return left.size() < right.size() ? -1 : 1;
}

}  // namespace

PathElement PathElement::key(Key fields) {
  std::ranges::sort(fields, {}, &Key::value_type::first);
  return PathElement(KeyFields{std::move(fields)});
}

const std::string* PathElement::field_name() const {
  const auto* field = std::get_if<Field>(&form_);
  return field != nullptr ? &field->name : nullptr;
}

std::string PathElement::serialize() const {
  if (const auto* field = std::get_if<Field>(&form_)) return "f:" + field->name;
  if (const auto* index = std::get_if<Index>(&form_)) return fmt::format("i:{}", index->index);
  std::string out;
  if (const auto* value = std::get_if<Value>(&form_)) {
    out = "v:";
    append_value_json(out, value->value);
    return out;
  }
  out = "k:{";
  bool first = true;
  for (const auto& [name, value] : std::get<KeyFields>(form_).fields) {
    if (!first) out += ',';
    first = false;
    append_quoted_json(out, name, false);
    out += ':';
    append_value_json(out, value);
  }
  return out + "}";
}

base::Result<std::optional<PathElement>> PathElement::parse(std::string_view text) {
  const auto malformed = [&](std::string_view why) {
    return fail(ErrorCode::kBadRequest, fmt::format("\"{}\" is no path element: {}", text, why));
  };
  if (text.size() < 2) return malformed("it must be at least 2 characters long");
  if (text[1] != ':') return malformed("its second character must be a colon");
  const std::string_view content = text.substr(2);
  switch (text[0]) {
    case 'f':
      return std::optional(field(content));
    case 'i': {
      std::int64_t number = 0;
      const auto end = std::from_chars(content.data(), content.data() + content.size(), number);
      if (end.ec != std::errc() || end.ptr != content.data() + content.size() || content.empty())
        return malformed("its index is no integer");
      return std::optional(index(number));
    }
    case 'v': {
      auto parsed = data::parse_json(content);
      if (!parsed) return malformed(parsed.error().message());
      return std::optional(value(std::move(*parsed)));
    }
    case 'k': {
      auto parsed = data::parse_json(content);
      if (!parsed) return malformed(parsed.error().message());
      if (!parsed->is_object()) return malformed("its key is no object");
      Key fields;
      for (auto& [name, member] : parsed->mutable_members()) fields.emplace_back(name, std::move(member));
      return std::optional(key(std::move(fields)));
    }
    default:
      return std::optional<PathElement>();
  }
}

std::string PathElement::text(Numbers numbers) const {
  if (const auto* field = std::get_if<Field>(&form_)) return "." + field->name;
  if (const auto* index = std::get_if<Index>(&form_)) return fmt::format("[{}]", index->index);
  if (const auto* value = std::get_if<Value>(&form_)) return "[=" + value_text(value->value, numbers) + "]";
  std::string out;
  for (const auto& [name, value] : std::get<KeyFields>(form_).fields)
    out += fmt::format("{}{}={}", out.empty() ? "" : ",", name, value_text(value, numbers));
  return "[" + out + "]";
}

int PathElement::compare(const PathElement& other) const {
  if (form_.index() != other.form_.index()) return form_.index() < other.form_.index() ? -1 : 1;
  if (const auto* field = std::get_if<Field>(&form_)) return field->name.compare(std::get<Field>(other.form_).name);
  if (const auto* key = std::get_if<KeyFields>(&form_))
    return compare_keys(key->fields, std::get<KeyFields>(other.form_).fields);
  if (const auto* value = std::get_if<Value>(&form_))
    return compare_values(value->value, std::get<Value>(other.form_).value);
  const std::int64_t left = std::get<Index>(form_).index;
  const std::int64_t right = std::get<Index>(other.form_).index;
  if (left == right) return 0;
  return left < right ? -1 : 1;
}

std::string path_text(const FieldPath& path) {
  std::string out;
  for (const PathElement& element : path) out += element.text();
  return out;
}

}  // namespace slipway::registry
