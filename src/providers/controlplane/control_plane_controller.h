#pragma once

#include "control/manager.h"
#include "providers/controlplane/workload_clusters.h"

namespace slipway::providers::controlplane {

struct ControlPlaneOptions {
  // How often a server is asked from the moment its host was given the work, and for how long; afterwards how often.
  std::chrono::milliseconds starting_pause{200};
  std::chrono::seconds starting_time{60};
  std::chrono::milliseconds late_pause{2'000};
  // A cluster that is up is asked this often, besides whenever its Nodes change.
  std::chrono::milliseconds healthy_pause{30'000};
};

// KThreesControlPlane: certificate authorities, token and kubeconfig of the cluster, its one Machine with KThreesConfig
// and infrastructure machine, and a status that says what the workload API proves. `clusters` must outlive the manager.
void add_control_plane_controller(control::Manager& manager, WorkloadClusters& clusters,
                                  ControlPlaneOptions options = {});

}  // namespace slipway::providers::controlplane
