#include "registry/string_format.h"

#include <algorithm>
#include <arpa/inet.h>
#include <map>
#include <memory>
#include <re2/re2.h>
#include <string>

#include "base/clock.h"
#include "data/encoding.h"

namespace slipway::registry {

namespace {

bool is_ip(std::string_view text, int family) {
  unsigned char address[16];
  return inet_pton(family, std::string(text).c_str(), address) == 1 && text.find('\0') == text.npos;
}

bool is_cidr(std::string_view text) {
  const auto slash = text.find('/');
  if (slash == text.npos) return false;
  const std::string_view address = text.substr(0, slash), length = text.substr(slash + 1);
  if (length.empty() || length.size() > 3 || !std::ranges::all_of(length, [](char c) { return c >= '0' && c <= '9'; }))
    return false;
  if (length.size() > 1 && length.front() == '0') return false;
  const int bits = std::stoi(std::string(length));
  return (bits <= 32 && is_ip(address, AF_INET)) || (bits <= 128 && is_ip(address, AF_INET6));
}

// As in Go, an IPv4 address inside IPv6 counts as both.
bool is_ipv4(std::string_view text) {
  if (text.starts_with("::ffff:") && text.find('.') != text.npos) text.remove_prefix(7);
  return is_ip(text, AF_INET);
}

bool is_date_time(std::string_view text) {
  return base::parse_rfc3339(text).has_value();
}

bool is_date(std::string_view text) {
  return text.size() == 10 && is_date_time(std::string(text) + "T00:00:00Z");
}

using Check = bool (*)(std::string_view);

// Patterns of github.com/go-openapi/strfmt and asaskevich/govalidator.
const std::map<std::string_view, std::string_view>& patterns() {
  static const std::map<std::string_view, std::string_view> all = {
      {"uuid", "(?i)^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$"},
      {"uuid3", "(?i)^[0-9a-f]{8}-?[0-9a-f]{4}-?3[0-9a-f]{3}-?[0-9a-f]{4}-?[0-9a-f]{12}$"},
      {"uuid4", "(?i)^[0-9a-f]{8}-?[0-9a-f]{4}-?4[0-9a-f]{3}-?[89ab][0-9a-f]{3}-?[0-9a-f]{12}$"},
      {"uuid5", "(?i)^[0-9a-f]{8}-?[0-9a-f]{4}-?5[0-9a-f]{3}-?[89ab][0-9a-f]{3}-?[0-9a-f]{12}$"},
      {"hostname",
       R"(^([a-zA-Z0-9\p{S}\p{L}]((-?[a-zA-Z0-9\p{S}\p{L}]{0,62})?)|([a-zA-Z0-9\p{S}\p{L}](([a-zA-Z0-9-\p{S}\p{L}]{0,61}[a-zA-Z0-9\p{S}\p{L}])?)(\.)){1,}([a-zA-Z\p{L}]){2,63})$)"},
      {"mac", "^(?:[0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2}$|^(?:[0-9A-Fa-f]{4}\\.){2}[0-9A-Fa-f]{4}$"},
      {"uri", R"(^(?:[a-zA-Z][a-zA-Z0-9+.\-]*:[^\s\x00-\x1f]*|/[^\s\x00-\x1f]*)$)"},
      {"email", R"(^[^\s@<>()]+@[^\s@<>()]+$)"},
      // Go's own form, or any number with a unit that has a known beginning.
      {"duration",
       R"(^[-+]?(?:0|(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+)$|\d+\s*(?i:ns|nano[a-zµ]*|us|µs|micro[a-zµ]*|ms|milli[a-zµ]*|s|sec[a-zµ]*|m|min[a-zµ]*|h|hr|hour[a-zµ]*|d|day[a-zµ]*|w|wk|week[a-zµ]*)(?:[^A-Za-zµ]|$))"},
      {"hexcolor", "^#?(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6})$"},
      {"bsonobjectid", "^[0-9a-fA-F]{24}$"},
      {"k8s-short-name", "^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$"},
      {"k8s-long-name", R"(^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*$)"},
  };
  return all;
}

const RE2* pattern(std::string_view format) {
  static const auto* compiled = [] {
    auto* all = new std::map<std::string_view, std::unique_ptr<RE2>>;
    for (const auto& [name, text] : patterns())
      all->emplace(name, std::make_unique<RE2>(re2::StringPiece(text.data(), text.size()), RE2::Quiet));
    return all;
  }();
  const auto found = compiled->find(format);
  return found != compiled->end() ? found->second.get() : nullptr;
}

const std::map<std::string_view, Check>& checks() {
  static const std::map<std::string_view, Check> all = {
      {"date-time", is_date_time},
      {"datetime", is_date_time},
      {"date", is_date},
      {"byte", [](std::string_view text) { return data::base64_decode(text).has_value(); }},
      {"ipv4", is_ipv4},
      {"ipv6", [](std::string_view text) { return is_ip(text, AF_INET6); }},
      {"cidr", is_cidr},
  };
  return all;
}

}  // namespace

bool is_known_format(std::string_view format) {
  return checks().contains(format) || patterns().contains(format) || format == "password";
}

bool matches_format(std::string_view text, std::string_view format) {
  if (const auto found = checks().find(format); found != checks().end()) return found->second(text);
  const RE2* expression = pattern(format);
  return expression == nullptr || RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), *expression);
}

}  // namespace slipway::registry
