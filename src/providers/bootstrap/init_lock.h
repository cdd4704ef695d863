#pragma once

#include <string>

#include "control/manager.h"

namespace slipway::providers::bootstrap {

// The right to start a cluster: ConfigMap <cluster>-lock with {"machineName": ...}, owned by the Cluster. Of several
// Machines one gets it; a holder that is gone loses it.
class InitLock {
 public:
  explicit InitLock(control::Manager& manager);

  // True when `machine` holds the lock now; `holder` says who does otherwise.
  base::Result<bool> acquire(const data::Json& cluster, const std::string& machine, std::string& holder);

 private:
  control::Manager& manager_;
  control::Informer& machines_;
};

}  // namespace slipway::providers::bootstrap
