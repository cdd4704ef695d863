#pragma once

#include <string>
#include <string_view>
#include <vector>

// What is left of a K3s cluster on a host, and which of it belongs to the image: a description, no effects. It follows
// K3s' k3s-killall.sh and k3s-uninstall.sh, which cannot be used themselves: they also remove the embedded program and
// images, or try to on a read-only file system.
namespace slipway::distro::k3s {

// In the order in which the parts are to be taken away. Trailing "*" in a name matches any rest.
struct CleanupPlan {
  std::vector<std::string> units;                // stopped and disabled: "k3s*.service"
  std::vector<std::string> init_scripts;         // the same where there is no systemd: "/etc/init.d/k3s*" stop
  std::vector<std::string> process_executables;  // killed with all their children when running one of these paths
  std::vector<std::string> process_arguments;    // or when their command line contains one of these
  std::vector<std::string> cgroups;              // or when their cgroup's path contains one of these
  std::vector<std::string> mount_prefixes;       // unmounted, deepest first
  std::vector<std::string> network_namespaces;   // below /run/netns: "cni-*"
  std::vector<std::string> links;                // network interfaces; ports of the first one (a bridge) go before it
  std::vector<std::string> firewall_markers;     // lines of iptables-save and ip6tables-save that contain one of these
  std::vector<std::string> remove;               // files and whole trees
  std::vector<std::string> keep;                 // stays with everything below it although a parent is in `remove`
};
const CleanupPlan& cleanup_plan();

// Symbolic links that install.sh makes beside the binary; removed only when they lead to k3s.
const std::vector<std::string>& program_links();

// True when `path` is one of plan.keep, is below one, or is a parent of one (a folder that must stay).
bool is_kept(const CleanupPlan& plan, std::string_view path);

}  // namespace slipway::distro::k3s
