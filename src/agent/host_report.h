#pragma once

#include <mutex>

#include "agent/command_runner.h"
#include "agent/host_root.h"
#include "agentproto/messages.h"

namespace slipway::agent {

// Who this machine is. SLIPWAY_AGENT_SERIAL and SLIPWAY_AGENT_UUID override what the firmware says (machines without
// DMI); at least one must be known.
struct MachineIdentity {
  std::string serial_number;
  std::string uuid;  // lower case
};
base::Result<MachineIdentity> read_machine_identity(const HostRoot& root);

// What is on this host. The version of K3s is asked from the program itself, and again only when its file changed:
// starting it costs 0.13 s. Thread-safe.
class HostReporter {
 public:
  HostReporter(HostRoot root, std::filesystem::path cache_file, CommandRunner& commands)
      : root_(std::move(root)), cache_file_(std::move(cache_file)), commands_(commands) {}

  // All but serial number, UUID, work and `kubernetes.embedded`, which others know.
  agentproto::Hello report();

 private:
  std::optional<agentproto::KubernetesReport> kubernetes();

  HostRoot root_;
  std::filesystem::path cache_file_;
  CommandRunner& commands_;
  std::mutex mutex_;
};

inline constexpr std::string_view kK3sProgram = "/usr/local/bin/k3s";

// Pure parts, for tests.
agentproto::OsReport read_os_release(std::string_view text);
// "k3s version v1.36.3+k3s1 (abc)" -> K3s; another name in front of " version " -> that name as the implementation.
std::optional<agentproto::KubernetesReport> read_k3s_version(std::string_view output);

}  // namespace slipway::agent
