#include <algorithm>
#include <charconv>
#include <fmt/core.h>
#include <optional>

#include "cel/library.h"
#include "cel/string_escapes.h"

// Kubernetes' semver library.
namespace slipway::cel {

namespace {

using Arguments = std::span<const Value>;

const TypeRef& version_type() {
  static const TypeRef type = types::opaque("kubernetes.Semver");
  return type;
}

struct Version {
  std::uint64_t major = 0, minor = 0, patch = 0;
  std::vector<std::string> pre_release;
};

bool is_number(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

// Numbers before words, numbers by value, the shorter row first.
std::strong_ordering compare_identifiers(std::string_view left, std::string_view right) {
  const bool left_number = is_number(left), right_number = is_number(right);
  if (left_number != right_number) return left_number ? std::strong_ordering::less : std::strong_ordering::greater;
  if (left_number && left.size() != right.size()) return left.size() <=> right.size();
  return left <=> right;
}

std::strong_ordering order(const Version& left, const Version& right) {
  if (const auto by = left.major <=> right.major; by != 0) return by;
  if (const auto by = left.minor <=> right.minor; by != 0) return by;
  if (const auto by = left.patch <=> right.patch; by != 0) return by;
  if (left.pre_release.empty() || right.pre_release.empty())
    return right.pre_release.size() > 0
               ? (left.pre_release.empty() ? std::strong_ordering::greater : std::strong_ordering::equal)
               : (left.pre_release.empty() ? std::strong_ordering::equal : std::strong_ordering::less);
  const std::size_t common = std::min(left.pre_release.size(), right.pre_release.size());
  for (std::size_t i = 0; i < common; ++i)
    if (const auto by = compare_identifiers(left.pre_release[i], right.pre_release[i]); by != 0) return by;
  return left.pre_release.size() <=> right.pre_release.size();
}

struct VersionValue final : Extension {
  explicit VersionValue(Version the_version) : version(std::move(the_version)) {}
  const TypeRef& type() const override { return version_type(); }
  bool equals(const Extension& other) const override {
    return order(version, static_cast<const VersionValue&>(other).version) == 0;
  }
  Version version;
};

const Version& version_of(Arguments arguments, std::size_t index = 0) {
  return static_cast<const VersionValue&>(**arguments[index].get<ExtensionRef>()).version;
}

bool read_number(std::string_view text, std::string_view what, std::uint64_t& value, std::string& error) {
  if (text.empty()) {
    error = "strconv.ParseUint: parsing \"\": invalid syntax";
    return false;
  }
  if (!is_number(text)) {
    error = fmt::format("Invalid character(s) found in {} number {}", what, go_quote(text));
    return false;
  }
  if (text.size() > 1 && text[0] == '0') {
    error = fmt::format("{} number must not contain leading zeroes {}",
                        what == "major"   ? "Major"
                        : what == "minor" ? "Minor"
                                          : "Patch",
                        go_quote(text));
    return false;
  }
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem == std::errc()) return true;
  error = fmt::format("strconv.ParseUint: parsing {}: value out of range", go_quote(text));
  return false;
}

bool read_identifiers(std::string_view text, bool is_pre_release, std::vector<std::string>& out, std::string& error) {
  while (true) {
    const auto dot = std::min(text.find('.'), text.size());
    const std::string_view word = text.substr(0, dot);
    const auto is_word_character = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '-'; };
    if (word.empty()) {
      error = is_pre_release ? "Prerelease is empty" : "Build meta data is empty";
      return false;
    }
    if (!std::ranges::all_of(word, is_word_character)) {
      error = fmt::format("Invalid character(s) found in {} {}", is_pre_release ? "prerelease" : "build meta data",
                          go_quote(word));
      return false;
    }
    if (is_pre_release && is_number(word) && word.size() > 1 && word[0] == '0') {
      error = fmt::format("Numeric PreRelease version must not contain leading zeroes {}", go_quote(word));
      return false;
    }
    out.emplace_back(word);
    if (dot == text.size()) return true;
    text.remove_prefix(dot + 1);
  }
}

bool parse_version(std::string_view text, Version& version, std::string& error) {
  if (text.empty()) {
    error = "Version string empty";
    return false;
  }
  const auto first = text.find('.'), second = first == text.npos ? text.npos : text.find('.', first + 1);
  if (second == text.npos) {
    error = "No Major.Minor.Patch elements found";
    return false;
  }
  std::string_view patch = text.substr(second + 1), build, pre_release;
  bool has_build = false, has_pre_release = false;
  if (const auto plus = patch.find('+'); plus != patch.npos) {
    has_build = true;
    build = patch.substr(plus + 1);
    patch = patch.substr(0, plus);
  }
  if (const auto dash = patch.find('-'); dash != patch.npos) {
    has_pre_release = true;
    pre_release = patch.substr(dash + 1);
    patch = patch.substr(0, dash);
  }
  std::vector<std::string> ignored;
  return read_number(text.substr(0, first), "major", version.major, error) &&
         read_number(text.substr(first + 1, second - first - 1), "minor", version.minor, error) &&
         read_number(patch, "patch", version.patch, error) &&
         (!has_pre_release || read_identifiers(pre_release, true, version.pre_release, error)) &&
         (!has_build || read_identifiers(build, false, ignored, error));
}

// Takes "v1.2" and "01.2.3" too.
std::optional<std::string> normalize(std::string_view text, std::string& error) {
  if (text.starts_with('v')) text.remove_prefix(1);
  std::vector<std::string> parts;
  while (parts.size() < 2 && text.find('.') != text.npos) {
    parts.emplace_back(text.substr(0, text.find('.')));
    text.remove_prefix(text.find('.') + 1);
  }
  parts.emplace_back(text);
  for (std::string& part : parts) {
    if (part.size() <= 1) continue;
    part.erase(0, std::min(part.find_first_not_of('0'), part.size()));
    if (part.empty() || part[0] < '0' || part[0] > '9') part.insert(0, "0");
  }
  if (parts.size() < 3 && parts.back().find_first_of("+-") != std::string::npos) {
    error = "short version cannot contain PreRelease/Build meta data";
    return std::nullopt;
  }
  while (parts.size() < 3) parts.emplace_back("0");
  return fmt::format("{}.{}.{}", parts[0], parts[1], parts[2]);
}

bool read(Arguments a, Version& version, std::string& error) {
  std::string text(*a[0].string());
  if (a.size() > 1 && a[1].is_true()) {
    auto normal = normalize(text, error);
    if (!normal) return false;
    text = std::move(*normal);
  }
  return parse_version(text, version, error);
}

Value to_version(Arguments a, CallContext&) {
  Version version;
  std::string error;
  if (!read(a, version, error)) return Value::error(std::move(error));
  return ExtensionRef(std::make_shared<VersionValue>(std::move(version)));
}

Value is_version(Arguments a, CallContext&) {
  Version version;
  std::string error;
  return read(a, version, error);
}

}  // namespace

void add_versions(Library& library) {
  using namespace types;
  const TypeRef& version = version_type();
  library.add("semver", "string_to_semver", {string}, version, to_version, CostRule::kParse);
  library.add("semver", "string_bool_to_semver", {string, boolean}, version, to_version, CostRule::kParse);
  library.add("isSemver", "is_semver_string", {string}, boolean, is_version, CostRule::kParse);
  library.add("isSemver", "is_semver_string_bool", {string, boolean}, boolean, is_version, CostRule::kParse);
  library.add_member("isGreaterThan", "semver_is_greater_than", {version, version}, boolean,
                     [](Arguments a, CallContext&) -> Value { return order(version_of(a), version_of(a, 1)) > 0; });
  library.add_member("isLessThan", "semver_is_less_than", {version, version}, boolean,
                     [](Arguments a, CallContext&) -> Value { return order(version_of(a), version_of(a, 1)) < 0; });
  library.add_member("compareTo", "semver_compare_to", {version, version}, integer,
                     [](Arguments a, CallContext&) -> Value {
                       const auto by = order(version_of(a), version_of(a, 1));
                       return std::int64_t{by < 0 ? -1 : by > 0 ? 1 : 0};
                     });
  library.add_member("major", "semver_major", {version}, integer,
                     [](Arguments a, CallContext&) -> Value { return static_cast<std::int64_t>(version_of(a).major); });
  library.add_member("minor", "semver_minor", {version}, integer,
                     [](Arguments a, CallContext&) -> Value { return static_cast<std::int64_t>(version_of(a).minor); });
  library.add_member("patch", "semver_patch", {version}, integer,
                     [](Arguments a, CallContext&) -> Value { return static_cast<std::int64_t>(version_of(a).patch); });
}

}  // namespace slipway::cel
