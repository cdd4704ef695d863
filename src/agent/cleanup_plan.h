#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace slipway::agent {

// What a Kubernetes distribution leaves on a host, so that a reset can take it away. Lists only; `HostReset` acts.
struct CleanupPlan {
  std::string service_pattern;                   // services are named so ("k3s": k3s.service, k3s-agent.service)
  std::vector<std::string> executable_prefixes;  // of its processes: folders of /proc/PID/exe
  std::vector<std::string> executables;          // of its processes: exactly this /proc/PID/exe
  std::vector<std::string> command_line_parts;   // of its processes
  std::vector<std::string> cgroup_parts;         // of its pods' processes, and of the cgroups it leaves
  std::vector<std::string> places;          // files and folders that it writes to; an image may bring parts of them
  std::vector<std::string> mount_prefixes;  // what is mounted below goes, unless it was there before
  std::vector<std::string> links;           // network interfaces
  std::string network_namespace_prefix;     // of names below /run/netns
  std::vector<std::string> firewall_rule_parts;  // of lines of iptables-save, letter case does not matter
};

// K3s as distro/k3s describes it, with the places that are watched for what an image brings.
CleanupPlan k3s_cleanup_plan();

// A path that belongs to an installed K3s and never to an image.
bool is_made_by_k3s(std::string_view path);

}  // namespace slipway::agent
