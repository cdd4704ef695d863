#include <algorithm>
#include <fmt/core.h>

#include "cel/format_text.h"
#include "cel/library.h"
#include "cel/string_escapes.h"

// contains and its like, and the strings extension (version 2). Positions count code points.
namespace slipway::cel {

namespace {

using Arguments = std::span<const Value>;

std::string_view text_of(Arguments arguments, std::size_t index) {
  return *arguments[index].string();
}
std::int64_t number_of(Arguments arguments, std::size_t index) {
  return *arguments[index].get<std::int64_t>();
}

Value out_of_range(std::int64_t index) {
  return Value::error(fmt::format("index out of range: {}", index));
}

Value char_at(Arguments a, CallContext&) {
  const std::u32string text = to_code_points(text_of(a, 0));
  const std::int64_t index = number_of(a, 1);
  if (index < 0 || index > std::ssize(text)) return out_of_range(index);
  if (index == std::ssize(text)) return Value::view("");
  return Value::text(to_utf8(std::u32string_view(text).substr(static_cast<std::size_t>(index), 1)));
}

Value index_of(Arguments a, CallContext&) {
  const std::int64_t offset = a.size() > 2 ? number_of(a, 2) : 0;
  if (text_of(a, 1).empty()) return offset;
  if (offset < 0) return out_of_range(offset);
  const std::u32string text = to_code_points(text_of(a, 0)), part = to_code_points(text_of(a, 1));
  if (offset >= std::ssize(text)) return std::int64_t{-1};
  const auto found = text.find(part, static_cast<std::size_t>(offset));
  return found == text.npos ? std::int64_t{-1} : static_cast<std::int64_t>(found);
}

Value last_index_of(Arguments a, CallContext&) {
  const std::u32string text = to_code_points(text_of(a, 0)), part = to_code_points(text_of(a, 1));
  if (a.size() == 2) {
    if (part.empty()) return std::ssize(text);
    if (text.size() < part.size()) return std::int64_t{-1};
  } else {
    const std::int64_t offset = number_of(a, 2);
    if (part.empty()) return offset;
    if (offset < 0) return out_of_range(offset);
    if (offset >= std::ssize(text)) return std::int64_t{-1};
  }
  const std::size_t offset = a.size() == 2 ? text.npos : static_cast<std::size_t>(number_of(a, 2));
  const auto found = text.rfind(part, offset);
  return found == text.npos ? std::int64_t{-1} : static_cast<std::int64_t>(found);
}

template <char kFirst, char kLast, int kShift>
Value shift_case(Arguments a, CallContext&) {
  std::string text(text_of(a, 0));
  for (char& c : text)
    if (c >= kFirst && c <= kLast) c = static_cast<char>(c + kShift);
  return Value::text(std::move(text));
}

// Where the pieces between code points begin, for an empty separator or pattern.
std::vector<std::string_view> explode(std::string_view text, std::size_t most) {
  std::vector<std::string_view> pieces;
  while (!text.empty() && pieces.size() + 1 < most) {
    std::size_t length = 1;
    while (length < text.size() && (static_cast<unsigned char>(text[length]) & 0xC0) == 0x80) ++length;
    pieces.push_back(text.substr(0, length));
    text.remove_prefix(length);
  }
  if (!text.empty()) pieces.push_back(text);
  return pieces;
}

Value replace(Arguments a, CallContext& context) {
  std::string_view text = text_of(a, 0);
  const std::string_view old = text_of(a, 1), with = text_of(a, 2);
  std::int64_t left = a.size() > 3 ? number_of(a, 3) : -1;
  if (left == 0 || old == with) return a[0];
  std::string out;
  const auto put = [&](std::string_view part) {
    out += part;
    return context.work.spend(1 + part.size() / 16);
  };
  const Value too_much = Value::error("operation cancelled: actual cost limit exceeded");
  if (old.empty()) {
    const auto pieces = explode(text, text.size() + 1);
    for (std::size_t i = 0; i <= pieces.size(); ++i) {
      if (left-- != 0 && !put(with)) return too_much;
      if (left < -1) left = -1;
      if (left == 0 && i < pieces.size()) {  // the rest stays
        const auto at = static_cast<std::size_t>(pieces[i].data() - text.data());
        out += text.substr(at);
        return Value::text(std::move(out));
      }
      if (i < pieces.size() && !put(pieces[i])) return too_much;
    }
    return Value::text(std::move(out));
  }
  while (left != 0) {
    const auto found = text.find(old);
    if (found == text.npos) break;
    if (!put(text.substr(0, found)) || !put(with)) return too_much;
    text.remove_prefix(found + old.size());
    if (left > 0) --left;
  }
  out += text;
  return Value::text(std::move(out));
}

Value split(Arguments a, CallContext&) {
  std::string_view text = text_of(a, 0);
  const std::string_view separator = text_of(a, 1);
  const std::int64_t most = a.size() > 2 ? number_of(a, 2) : -1;
  std::vector<Value> pieces;
  if (most == 0) return Value::list({});
  if (separator.empty()) {
    for (const std::string_view piece : explode(text, most < 0 ? text.size() + 1 : static_cast<std::size_t>(most)))
      pieces.push_back(Value::text(std::string(piece)));
    return Value::list(std::move(pieces));
  }
  while (most < 0 || std::ssize(pieces) + 1 < most) {
    const auto found = text.find(separator);
    if (found == text.npos) break;
    pieces.push_back(Value::text(std::string(text.substr(0, found))));
    text.remove_prefix(found + separator.size());
  }
  pieces.push_back(Value::text(std::string(text)));
  return Value::list(std::move(pieces));
}

Value substring(Arguments a, CallContext&) {
  const std::u32string text = to_code_points(text_of(a, 0));
  const std::int64_t size = std::ssize(text), start = number_of(a, 1), end = a.size() > 2 ? number_of(a, 2) : size;
  if (a.size() > 2 && start > end)
    return Value::error(fmt::format("invalid substring range. start: {}, end: {}", start, end));
  if (start < 0 || start > size) return out_of_range(start);
  if (end < 0 || end > size) return out_of_range(end);
  return Value::text(to_utf8(
      std::u32string_view(text).substr(static_cast<std::size_t>(start), static_cast<std::size_t>(end - start))));
}

// Unicode white space, as Go's strings.TrimSpace.
bool is_space(char32_t c) {
  return (c >= 9 && c <= 13) || c == ' ' || c == 0x85 || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) ||
         c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

Value trim(Arguments a, CallContext&) {
  const std::u32string text = to_code_points(text_of(a, 0));
  std::size_t start = 0, end = text.size();
  while (start < end && is_space(text[start])) ++start;
  while (end > start && is_space(text[end - 1])) --end;
  return Value::text(to_utf8(std::u32string_view(text).substr(start, end - start)));
}

Value join(Arguments a, CallContext& context) {
  const List& list = *a[0].get<List>();
  const std::string_view separator = a.size() > 1 ? text_of(a, 1) : "";
  std::string out;
  for (std::size_t i = 0; i < size_of(list); ++i) {
    const Value item = item_of(list, i);
    if (item.string() == nullptr) return Value::error(fmt::format("join: invalid input: {}", item.show()));
    if (i > 0) out += separator;
    out += *item.string();
    if (!context.work.spend(1 + (separator.size() + item.string()->size()) / 16))
      return Value::error("operation cancelled: actual cost limit exceeded");
  }
  return Value::text(std::move(out));
}

// A literal of the language: control characters with a letter escaped, others as they are.
Value quote(Arguments a, CallContext&) {
  std::string out = "\"";
  for (const char32_t code : to_code_points(text_of(a, 0))) {
    constexpr std::string_view kControls = "\a\b\f\n\r\t\v\\\"", kLetters = "abfnrtv\\\"";
    const auto found = code != 0 && code < 0x80 ? kControls.find(static_cast<char>(code)) : kControls.npos;
    if (found != kControls.npos)
      out += {'\\', kLetters[found]};
    else
      append_utf8(out, code);
  }
  return Value::text(out + "\"");
}

Value format(Arguments a, CallContext& context) {
  return format_text(text_of(a, 0), *a[1].get<List>(), context.work);
}

}  // namespace

void add_standard_strings(Library& library) {
  using namespace types;
  library.add_member(
      "contains", "contains_string", {string, string}, boolean,
      [](Arguments a, CallContext&) -> Value { return text_of(a, 0).find(text_of(a, 1)) != std::string_view::npos; },
      CostRule::kContains);
  library.add_member(
      "startsWith", "starts_with_string", {string, string}, boolean,
      [](Arguments a, CallContext&) -> Value { return text_of(a, 0).starts_with(text_of(a, 1)); }, CostRule::kPrefix);
  library.add_member(
      "endsWith", "ends_with_string", {string, string}, boolean,
      [](Arguments a, CallContext&) -> Value { return text_of(a, 0).ends_with(text_of(a, 1)); }, CostRule::kPrefix);
}

void add_strings(Library& library) {
  using namespace types;
  library.add_member("charAt", "string_char_at_int", {string, integer}, string, char_at);
  library.add_member("indexOf", "string_index_of_string", {string, string}, integer, index_of, CostRule::kScan);
  library.add_member("indexOf", "string_index_of_string_int", {string, string, integer}, integer, index_of,
                     CostRule::kScan);
  library.add_member("lastIndexOf", "string_last_index_of_string", {string, string}, integer, last_index_of,
                     CostRule::kScan);
  library.add_member("lastIndexOf", "string_last_index_of_string_int", {string, string, integer}, integer,
                     last_index_of, CostRule::kScan);
  library.add_member("lowerAscii", "string_lower_ascii", {string}, string, shift_case<'A', 'Z', 'a' - 'A'>,
                     CostRule::kTraverse);
  library.add_member("upperAscii", "string_upper_ascii", {string}, string, shift_case<'a', 'z', 'A' - 'a'>,
                     CostRule::kTraverse);
  library.add_member("replace", "string_replace_string_string", {string, string, string}, string, replace,
                     CostRule::kTraverseTwice);
  library.add_member("replace", "string_replace_string_string_int", {string, string, string, integer}, string, replace,
                     CostRule::kTraverseTwice);
  library.add_member("split", "string_split_string", {string, string}, list(string), split, CostRule::kTraverseTwice);
  library.add_member("split", "string_split_string_int", {string, string, integer}, list(string), split,
                     CostRule::kTraverseTwice);
  library.add_member("substring", "string_substring_int", {string, integer}, string, substring, CostRule::kTraverse);
  library.add_member("substring", "string_substring_int_int", {string, integer, integer}, string, substring,
                     CostRule::kTraverse);
  library.add_member("trim", "string_trim", {string}, string, trim, CostRule::kTraverse);
  library.add_member("join", "list_join", {list(string)}, string, join, CostRule::kJoin);
  library.add_member("join", "list_join_string", {list(string), string}, string, join, CostRule::kJoin);
  library.add_member("format", "string_format", {string, list(dyn)}, string, format, CostRule::kConversion);
  library.add("strings.quote", "strings_quote", {string}, string, quote, CostRule::kConversion);
}

}  // namespace slipway::cel
