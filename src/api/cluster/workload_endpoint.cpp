#include "api/cluster/workload_endpoint.h"

#include <algorithm>

namespace slipway::api::cluster {

std::string workload_server_name(const meta::ObjectKey& cluster) {
  return cluster.name + "." + cluster.ns + "." + std::string(kWorkloadDomain);
}

std::optional<meta::ObjectKey> cluster_of_server_name(std::string_view server_name) {
  std::string name(server_name);
  std::ranges::transform(name, name.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  const std::string suffix = "." + std::string(kWorkloadDomain);
  if (!name.ends_with(suffix)) return std::nullopt;
  name.resize(name.size() - suffix.size());
  // The namespace is one label; a cluster's name may have dots.
  const auto dot = name.rfind('.');
  if (dot == name.npos || dot == 0 || dot + 1 == name.size()) return std::nullopt;
  return meta::ObjectKey{name.substr(dot + 1), name.substr(0, dot)};
}

}  // namespace slipway::api::cluster
