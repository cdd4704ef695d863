#pragma once

#include <chrono>
#include <string>

#include "control/manager.h"

namespace slipway::providers::infra {

struct InfraOptions {
  // Where clients reach the clusters: the gateway.
  std::string endpoint_host = "127.0.0.1";
  int endpoint_port = 0;
  // How long a deleted machine waits for its connected host to be clean.
  std::chrono::milliseconds cleanup_limit{30'000};
};

// IntelCluster: gives it the gateway as endpoint and reports it provisioned. Conditions and finalizer as in
// cluster-api-provider-intel.
void add_intel_cluster_controller(control::Manager& manager, InfraOptions options);

// IntelMachine: claims the bound Host, mirrors what its agent reports, releases it in bounded time.
void add_intel_machine_controller(control::Manager& manager, InfraOptions options);

}  // namespace slipway::providers::infra
