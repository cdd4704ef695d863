#include "meta/name_rules.h"

#include <algorithm>
#include <fmt/core.h>

namespace slipway::meta {

namespace {

constexpr std::string_view kSubdomainRule =
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and "
    "end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
constexpr std::string_view kLabelRule =
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with "
    "an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
constexpr std::string_view k1035LabelRule =
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, "
    "and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is "
    "'[a-z]([-a-z0-9]*[a-z0-9])?')";
constexpr std::string_view kQualifiedRule =
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character "
    "(e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
    "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
constexpr std::string_view kLabelValueRule =
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and "
    "end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is "
    "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";

bool is_lower_alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}
bool is_alphanumeric(char c) {
  return is_lower_alphanumeric(c) || (c >= 'A' && c <= 'Z');
}

bool is_dns_label(std::string_view text) {
  return !text.empty() && is_lower_alphanumeric(text.front()) && is_lower_alphanumeric(text.back()) &&
         std::ranges::all_of(text, [](char c) { return is_lower_alphanumeric(c) || c == '-'; });
}

bool is_dns_subdomain(std::string_view text) {
  while (true) {
    const auto dot = text.find('.');
    if (!is_dns_label(text.substr(0, dot))) return false;
    if (dot == text.npos) return true;
    text.remove_prefix(dot + 1);
  }
}

bool is_name_part(std::string_view text) {
  return !text.empty() && is_alphanumeric(text.front()) && is_alphanumeric(text.back()) &&
         std::ranges::all_of(text, [](char c) { return is_alphanumeric(c) || c == '-' || c == '_' || c == '.'; });
}

std::string longer_than(std::size_t limit, std::string_view unit = "bytes") {
  return fmt::format("must be no more than {} {}", limit, unit);
}

}  // namespace

std::string path_segment_problem(std::string_view text) {
  if (text == "." || text == "..") return fmt::format("may not be '{}'", text);
  for (const char c : {'/', '%'})
    if (text.find(c) != text.npos) return fmt::format("may not contain '{}'", c);
  return {};
}

std::string dns_subdomain_problem(std::string_view text) {
  if (text.size() > 253) return longer_than(253, "characters");
  return is_dns_subdomain(text) ? "" : std::string(kSubdomainRule);
}

std::string dns_label_problem(std::string_view text) {
  if (text.size() > 63) return longer_than(63, "characters");
  if (is_dns_label(text)) return "";
  return is_dns_subdomain(text) ? "must not contain dots" : std::string(kLabelRule);
}

std::string dns_1035_label_problem(std::string_view text) {
  if (text.size() > 63) return longer_than(63, "characters");
  return is_dns_label(text) && text.front() >= 'a' ? "" : std::string(k1035LabelRule);
}

std::string qualified_name_problem(std::string_view text) {
  std::string_view name = text;
  if (const auto slash = text.find('/'); slash != text.npos) {
    const std::string_view prefix = text.substr(0, slash);
    name = text.substr(slash + 1);
    if (name.find('/') != name.npos)
      return fmt::format(
          "a valid label key {} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')",
          kQualifiedRule);
    if (prefix.empty()) return "prefix part must be non-empty";
    if (const std::string why = dns_subdomain_problem(prefix); !why.empty()) return "prefix part " + why;
  }
  if (name.empty()) return "name part must be non-empty";
  if (name.size() > 63) return "name part " + longer_than(63);
  return is_name_part(name) ? "" : fmt::format("name part {}", kQualifiedRule);
}

std::string label_value_problem(std::string_view text) {
  if (text.size() > 63) return longer_than(63);
  return text.empty() || is_name_part(text) ? "" : std::string(kLabelValueRule);
}

}  // namespace slipway::meta
