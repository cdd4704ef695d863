#include <array>
#include <fmt/core.h>
#include <re2/re2.h>

#include "cel/cost.h"
#include "cel/library.h"
#include "cel/time_text.h"
#include "cel/uniform_locator.h"
#include "data/encoding.h"

// Kubernetes' format library: format.named("dns1123Label").value().validate(text).
namespace slipway::cel {

namespace {

using Arguments = std::span<const Value>;
using Problems = std::vector<std::string>;

const TypeRef& format_type() {
  static const TypeRef type = types::opaque("kubernetes.NamedFormat");
  return type;
}

bool matches(std::string_view text, const char* pattern) {
  return RE2::FullMatch(re2::StringPiece(text.data(), text.size()), pattern);
}

std::string too_long(std::size_t most) {
  return fmt::format("must be no more than {} bytes", most);
}

constexpr const char* kLabel = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
constexpr const char* kSubdomain = "[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*";
constexpr const char* kOldLabel = "[a-z]([-a-z0-9]*[a-z0-9])?";
constexpr const char* kQualifiedName = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]";
constexpr const char* kLabelValue = "(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?";

Problems check_label(std::string_view text) {
  Problems problems;
  if (text.size() > 63) problems.push_back(too_long(63));
  if (matches(text, kLabel)) return problems;
  if (matches(text, kSubdomain)) {
    problems.emplace_back("must not contain dots");
    return problems;
  }
  problems.push_back(
      fmt::format("a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must "
                  "start and end with an "
                  "alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '{}')",
                  kLabel));
  return problems;
}

Problems check_subdomain(std::string_view text) {
  Problems problems;
  if (text.size() > 253) problems.push_back(too_long(253));
  if (!matches(text, kSubdomain))
    problems.push_back(
        fmt::format("a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', "
                    "and must start and end "
                    "with an alphanumeric character (e.g. 'example.com', regex used for validation is '{}')",
                    kSubdomain));
  return problems;
}

Problems check_old_label(std::string_view text) {
  Problems problems;
  if (text.size() > 63) problems.push_back(too_long(63));
  if (!matches(text, kOldLabel))
    problems.push_back(
        fmt::format("a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an "
                    "alphabetic character, and end "
                    "with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '{}')",
                    kOldLabel));
  return problems;
}

// A prefix may end in a dash: something comes after it.
template <Problems (*kCheck)(std::string_view)>
Problems check_prefix(std::string_view text) {
  std::string masked(text);
  if (masked.size() > 1 && masked.back() == '-') masked[masked.size() - 2] = 'a', masked.pop_back();
  return kCheck(masked);
}

constexpr std::string_view kNameRule =
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character "
    "(e.g. 'MyName',  or "
    "'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";

Problems check_qualified_name(std::string_view text) {
  Problems problems;
  std::string_view name = text;
  if (const auto slash = text.find('/'); slash != text.npos) {
    if (text.find('/', slash + 1) != text.npos)
      return {fmt::format(
          "a qualified name {} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')", kNameRule)};
    const std::string_view prefix = text.substr(0, slash);
    name = text.substr(slash + 1);
    if (prefix.empty())
      problems.emplace_back("prefix part must be non-empty");
    else
      for (const std::string& problem : check_subdomain(prefix)) problems.push_back("prefix part " + problem);
  }
  if (name.empty())
    problems.emplace_back("name part must be non-empty");
  else if (name.size() > 63)
    problems.push_back("name part " + too_long(63));
  if (!matches(name, kQualifiedName)) problems.push_back(fmt::format("name part {}", kNameRule));
  return problems;
}

Problems check_label_value(std::string_view text) {
  Problems problems;
  if (text.size() > 63) problems.push_back(too_long(63));
  if (!matches(text, kLabelValue))
    problems.push_back(fmt::format(
        "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start "
        "and end with "
        "an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '{}')",
        kLabelValue));
  return problems;
}

Problems check_uri(std::string_view text) {
  Url url;
  std::string error;
  if (parse_url(text, url, error)) return {};
  return {error};
}

Problems check_uuid(std::string_view text) {
  if (matches(text, "(?i)[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}")) return {};
  return {"does not match the UUID format"};
}

Problems check_byte(std::string_view text) {
  if (matches(text, "(?:[A-Za-z0-9+\\/]{4})*(?:[A-Za-z0-9+\\/]{2}==|[A-Za-z0-9+\\/]{3}=|[A-Za-z0-9+\\/]{4})"))
    return {};
  return {"invalid base64"};
}

Problems check_date(std::string_view text) {
  if (parse_date(text)) return {};
  return {"invalid date"};
}

Problems check_datetime(std::string_view text) {
  const auto t = text.find_first_of("tT");
  const bool valid =
      text.size() >= 4 && t != text.npos && parse_date(text.substr(0, t)).has_value() &&
      matches(text.substr(t + 1), "([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](.[0-9]+)?([zZ]|([+-][0-9]{2}:[0-9]{2}))");
  if (valid) return {};
  return {"invalid datetime"};
}

struct Format {
  std::string_view name;
  Problems (*check)(std::string_view);
  std::uint64_t pattern_size;
};

constexpr std::array kFormats = {Format{"dns1123Label", check_label, 30},
                                 Format{"dns1123Subdomain", check_subdomain, 60},
                                 Format{"dns1035Label", check_old_label, 30},
                                 Format{"qualifiedName", check_qualified_name, 60},
                                 Format{"dns1123LabelPrefix", check_prefix<check_label>, 30},
                                 Format{"dns1123SubdomainPrefix", check_prefix<check_subdomain>, 60},
                                 Format{"dns1035LabelPrefix", check_prefix<check_old_label>, 30},
                                 Format{"labelValue", check_label_value, 40},
                                 Format{"uri", check_uri, 1103},
                                 Format{"uuid", check_uuid, 70},
                                 Format{"byte", check_byte, 84},
                                 Format{"date", check_date, 71},
                                 Format{"datetime", check_datetime, 71}};

struct FormatValue final : Extension {
  explicit FormatValue(const Format& the_format) : format(the_format) {}
  const TypeRef& type() const override { return format_type(); }
  bool equals(const Extension& other) const override {
    return format.name == static_cast<const FormatValue&>(other).format.name;
  }
  const Format& format;
};

const Format& format_of(const Value& value) {
  return static_cast<const FormatValue&>(**value.get<ExtensionRef>()).format;
}

template <std::size_t kIndex>
Value make_format(Arguments, CallContext&) {
  return ExtensionRef(std::make_shared<FormatValue>(kFormats[kIndex]));
}

template <std::size_t... kIndexes>
void add_named(Library& library, std::index_sequence<kIndexes...>) {
  (library.add(fmt::format("format.{}", kFormats[kIndexes].name), fmt::format("format.{}", kFormats[kIndexes].name), {},
               format_type(), make_format<kIndexes>),
   ...);
}

}  // namespace

std::uint64_t format_pattern_size(const Value& format) {
  return format_of(format).pattern_size;
}

void add_formats(Library& library) {
  using namespace types;
  add_named(library, std::make_index_sequence<kFormats.size()>());
  library.add("format.named", "format-named", {string}, optional(format_type()), [](Arguments a, CallContext&) {
    for (const Format& format : kFormats)
      if (format.name == *a[0].string()) return Value::some(ExtensionRef(std::make_shared<FormatValue>(format)));
    return Value::none();
  });
  library.add_member(
      "validate", "format-validate", {format_type(), string}, optional(list(string)),
      [](Arguments a, CallContext&) {
        std::vector<Value> problems;
        for (std::string& problem : format_of(a[0]).check(*a[1].string()))
          problems.push_back(Value::text(std::move(problem)));
        return problems.empty() ? Value::none() : Value::some(Value::list(std::move(problems)));
      },
      CostRule::kValidate);
}

}  // namespace slipway::cel
