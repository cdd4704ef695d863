#include "data/kubernetes_version.h"

#include <algorithm>
#include <charconv>
#include <fmt/core.h>
#include <vector>

namespace slipway::data {

namespace {

bool take_number(std::string_view& text, int& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const auto length = static_cast<std::size_t>(end - text.data());
  if (error != std::errc() || number < 0 || (length > 1 && text[0] == '0')) return false;
  text.remove_prefix(length);
  return true;
}

bool take_dot(std::string_view& text) {
  if (!text.starts_with('.')) return false;
  text.remove_prefix(1);
  return true;
}

bool is_tag(std::string_view text) {
  return !text.empty() && text.front() != '.' && text.back() != '.' && text.find("..") == text.npos &&
         std::ranges::all_of(text, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-';
         });
}

// Semantic versioning's order of dot-separated identifiers, with digits inside words compared as numbers, so that
// k3s10 follows k3s9.
std::strong_ordering compare_tags(std::string_view left, std::string_view right) {
  while (!left.empty() && !right.empty()) {
    const auto digits = [](std::string_view text) {
      return std::min(text.find_first_not_of("0123456789"), text.size());
    };
    const std::size_t left_digits = digits(left), right_digits = digits(right);
    if (left_digits > 0 && right_digits > 0) {
      std::string_view a = left.substr(0, left_digits), b = right.substr(0, right_digits);
      while (a.size() > 1 && a[0] == '0') a.remove_prefix(1);
      while (b.size() > 1 && b[0] == '0') b.remove_prefix(1);
      if (const auto order = a.size() != b.size() ? a.size() <=> b.size() : a <=> b; order != 0) return order;
      left.remove_prefix(left_digits);
      right.remove_prefix(right_digits);
    } else {
      if (const auto order = left[0] <=> right[0]; order != 0) return order;
      left.remove_prefix(1);
      right.remove_prefix(1);
    }
  }
  return left.size() <=> right.size();
}

}  // namespace

base::Result<KubernetesVersion> KubernetesVersion::parse(std::string_view text) {
  const auto bad = [&] {
    return base::fail(base::ErrorCode::kInvalid,
                      fmt::format("'{}' is not a Kubernetes version such as v1.36.3+k3s1", text.substr(0, 64)));
  };
  if (text.size() > 128) return bad();
  KubernetesVersion version;
  std::string_view rest = text;
  if (rest.starts_with('v')) rest.remove_prefix(1);
  if (!take_number(rest, version.major) || !take_dot(rest) || !take_number(rest, version.minor) || !take_dot(rest) ||
      !take_number(rest, version.patch))
    return bad();
  if (const auto plus = rest.find('+'); plus != rest.npos) {
    version.build = rest.substr(plus + 1);
    rest = rest.substr(0, plus);
    if (!is_tag(version.build)) return bad();
  }
  if (rest.starts_with('-')) {
    version.prerelease = rest.substr(1);
    if (!is_tag(version.prerelease)) return bad();
  } else if (!rest.empty()) {
    return bad();
  }
  return version;
}

std::string KubernetesVersion::text() const {
  std::string result = fmt::format("v{}.{}.{}", major, minor, patch);
  if (!prerelease.empty()) result += "-" + prerelease;
  if (!build.empty()) result += "+" + build;
  return result;
}

std::strong_ordering operator<=>(const KubernetesVersion& left, const KubernetesVersion& right) {
  if (const auto order = left.major <=> right.major; order != 0) return order;
  if (const auto order = left.minor <=> right.minor; order != 0) return order;
  if (const auto order = left.patch <=> right.patch; order != 0) return order;
  if (left.prerelease != right.prerelease) {
    // A release follows its candidates.
    if (left.prerelease.empty()) return std::strong_ordering::greater;
    if (right.prerelease.empty()) return std::strong_ordering::less;
    if (const auto order = compare_tags(left.prerelease, right.prerelease); order != 0) return order;
  }
  return compare_tags(left.build, right.build);
}

}  // namespace slipway::data
