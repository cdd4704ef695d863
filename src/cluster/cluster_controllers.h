#pragma once

#include <chrono>

#include "cluster/workload.h"
#include "control/manager.h"

namespace slipway::cluster {

struct ClusterOptions {
  // How often a running cluster's API server is probed and its nodes are read again.
  std::chrono::milliseconds workload_interval{30'000};
  // The same while a bootstrapped machine has no Ready node yet.
  std::chrono::milliseconds node_wait_interval{500};
};

// Cluster: topology from its ClusterClass, the contract with infrastructure and control plane, conditions, deletion.
// `workload` must outlive the manager's stop().
void add_cluster_controller(control::Manager& manager, WorkloadNodes& workload, ClusterOptions options = {});

// ClusterClass: reports its variables and whether they, its patches and its templates can be used.
void add_cluster_class_controller(control::Manager& manager);

// Machine: the contract with bootstrap and infrastructure, the node, conditions, deletion.
void add_machine_controller(control::Manager& manager, WorkloadNodes& workload, ClusterOptions options = {});

inline void add_controllers(control::Manager& manager, WorkloadNodes& workload, ClusterOptions options = {}) {
  add_cluster_class_controller(manager);
  add_cluster_controller(manager, workload, options);
  add_machine_controller(manager, workload, options);
}

}  // namespace slipway::cluster
