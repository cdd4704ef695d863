#pragma once

#include <string>
#include <vector>

#include "agent/host_root.h"
#include "base/result.h"

namespace slipway::agent {

struct ProcessInfo {
  int pid = 0;
  int parent = 0;
  int session = 0;
  std::string executable;    // target of /proc/PID/exe, "" when it cannot be read
  std::string command_line;  // arguments joined by blanks
  std::string cgroup;        // /proc/PID/cgroup
};

// Processes and mounts of the host this agent runs on (of its own pid and mount namespace), as injected effects.
class HostKernel {
 public:
  virtual ~HostKernel() = default;
  virtual std::vector<ProcessInfo> processes() = 0;
  // Whether the process was started with NAME=VALUE in its environment.
  virtual bool has_environment(int pid, const std::string& name_and_value) = 0;
  virtual void kill(int pid) = 0;  // SIGKILL; a process that is gone is fine
  // Mount points in mount order.
  virtual std::vector<std::string> mounts() = 0;
  // Plain, then lazy. "Not a mount point" is success.
  virtual base::Status unmount(const std::string& path) = 0;
  virtual int own_session() = 0;
};

class LinuxHostKernel final : public HostKernel {
 public:
  std::vector<ProcessInfo> processes() override;
  bool has_environment(int pid, const std::string& name_and_value) override;
  void kill(int pid) override;
  std::vector<std::string> mounts() override;
  base::Status unmount(const std::string& path) override;
  int own_session() override;
};

}  // namespace slipway::agent
