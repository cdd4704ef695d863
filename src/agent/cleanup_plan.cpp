#include "agent/cleanup_plan.h"

#include <algorithm>

#include "distro/k3s/cleanup.h"

namespace slipway::agent {

namespace {

bool matches(const std::string& pattern, std::string_view path) {
  if (pattern.ends_with('*')) return path.starts_with(std::string_view(pattern).substr(0, pattern.size() - 1));
  const std::size_t star = pattern.find('*');
  if (star != std::string::npos)
    return path.starts_with(pattern.substr(0, star)) && path.ends_with(pattern.substr(star + 1));
  return path == pattern || (path.starts_with(pattern) && path.substr(pattern.size()).starts_with('/'));
}

}  // namespace

CleanupPlan k3s_cleanup_plan() {
  const distro::k3s::CleanupPlan& k3s = distro::k3s::cleanup_plan();
  CleanupPlan plan{
      .service_pattern = "k3s",
      // Not every containerd-shim: another container engine of the host has its own.
      .command_line_parts = {"/etc/init.d/k3s", "/run/k3s/containerd"},
      .cgroup_parts = k3s.cgroups,
      .places = {"/var/lib/rancher", "/etc/rancher", "/usr/local/bin", "/opt", "/etc/systemd/system", "/etc/init.d",
                 "/var/lib/kubelet", "/var/lib/cni", "/etc/cni", "/run/k3s", "/run/flannel", "/run/cluster-api",
                 "/run/containerd", "/var/log/pods", "/var/log/containers", "/var/log/k3s.log", "/run/k3s.pid"},
      .mount_prefixes = k3s.mount_prefixes,
      .links = k3s.links,
      .network_namespace_prefix = "cni-",
      .firewall_rule_parts = k3s.firewall_markers,
  };
  for (const std::string& path : k3s.process_executables) {
    if (path.ends_with('*')) {
      plan.executable_prefixes.push_back(path.substr(0, path.size() - 1));
    } else {
      plan.executables.push_back(path);
    }
  }
  return plan;
}

bool is_made_by_k3s(std::string_view path) {
  const distro::k3s::CleanupPlan& k3s = distro::k3s::cleanup_plan();
  return !distro::k3s::is_kept(k3s, path) &&
         std::ranges::any_of(k3s.remove, [&](const std::string& pattern) { return matches(pattern, path); });
}

}  // namespace slipway::agent
