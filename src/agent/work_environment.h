#pragma once

#include <filesystem>

#include "agent/command_runner.h"
#include "agent/host_kernel.h"
#include "agent/host_root.h"
#include "agent/kubernetes_probe.h"
#include "base/clock.h"

namespace slipway::agent {

// The effects that work on a host needs. All outlive the work.
struct WorkEnvironment {
  HostRoot root;
  std::filesystem::path data_folder;  // the agent's own, outside `root`'s view
  CommandRunner* commands = nullptr;
  HostKernel* kernel = nullptr;
  KubernetesProbe* probe = nullptr;
  base::Clock* clock = &base::SystemClock::instance();
  base::Duration retry_pause{5'000};  // after a full disk and the like
  base::Duration probe_pause{100};    // between two looks for the Kubernetes API
};

}  // namespace slipway::agent
