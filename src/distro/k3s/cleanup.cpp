#include "distro/k3s/cleanup.h"

#include <algorithm>

#include "distro/k3s/paths.h"

namespace slipway::distro::k3s {

const CleanupPlan& cleanup_plan() {
  static const CleanupPlan plan{
      .units = {"k3s*.service"},
      .init_scripts = {"/etc/init.d/k3s*"},
      .process_executables = {std::string(kDataFolder) + "/data/*", std::string(kBinary)},
      .process_arguments = {"containerd-shim", "/run/k3s/containerd"},
      .cgroups = {"/kubepods"},
      .mount_prefixes = {"/run/k3s", "/var/lib/kubelet/pods", "/var/lib/kubelet/plugins", "/var/lib/kubelet",
                         "/run/netns/cni-", std::string(kDataFolder)},
      .network_namespaces = {"cni-*"},
      .links = {"cni0", "flannel.1", "flannel-v6.1", "kube-ipvs0", "flannel-wg", "flannel-wg-v6"},
      .firewall_markers = {"KUBE-", "CNI-", "flannel"},
      .remove = {"/etc/systemd/system/k3s*.service",
                 "/etc/systemd/system/k3s*.service.env",
                 "/etc/init.d/k3s*",
                 "/usr/local/bin/k3s-killall.sh",
                 "/usr/local/bin/k3s-uninstall.sh",
                 "/usr/local/bin/k3s-agent-uninstall.sh",
                 std::string(kConfigFolder),
                 std::string(kNodeFolder),
                 "/run/k3s",
                 "/run/flannel",
                 "/run/cluster-api",
                 "/run/install-k3s.sh",
                 std::string(kDataFolder),
                 "/var/lib/kubelet",
                 "/var/lib/cni",
                 "/etc/cni/net.d",
                 "/var/log/pods",
                 "/var/log/containers",
                 "/var/log/k3s*.log",
                 "/run/k3s*.pid"},
      .keep = {std::string(kImagesFolder)},
  };
  return plan;
}

const std::vector<std::string>& program_links() {
  static const std::vector<std::string> links{"/usr/local/bin/kubectl", "/usr/local/bin/crictl", "/usr/local/bin/ctr"};
  return links;
}

bool is_kept(const CleanupPlan& plan, std::string_view path) {
  const auto is_below = [](std::string_view inner, std::string_view outer) {
    return inner.starts_with(outer) && (inner.size() == outer.size() || inner[outer.size()] == '/');
  };
  return std::ranges::any_of(plan.keep,
                             [&](const std::string& kept) { return is_below(path, kept) || is_below(kept, path); });
}

}  // namespace slipway::distro::k3s
