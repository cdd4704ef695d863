#pragma once

#include <compare>
#include <string>
#include <string_view>

#include "base/result.h"

namespace slipway::data {

// A Kubernetes distribution's version such as v1.36.3+k3s1: semantic version with a build tag that orders, too
// (+k3s1 < +k3s2; Cluster API compares it so). A missing "v" is accepted and put back by text().
struct KubernetesVersion {
  int major = 0;
  int minor = 0;
  int patch = 0;
  std::string prerelease;  // "rc1" of v1.36.0-rc1+k3s1
  std::string build;       // "k3s1"

  static base::Result<KubernetesVersion> parse(std::string_view text);
  std::string text() const;

  friend std::strong_ordering operator<=>(const KubernetesVersion& left, const KubernetesVersion& right);
  friend bool operator==(const KubernetesVersion& left, const KubernetesVersion& right) = default;
};

}  // namespace slipway::data
