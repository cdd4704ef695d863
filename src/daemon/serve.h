#pragma once

#include "daemon/management_cluster.h"
#include "daemon/slipwayd.h"

namespace slipway::daemon {

// What `slipwayd` does until SIGINT or SIGTERM; the process's exit code. It says on standard output when it serves.
int serve(const SlipwaydOptions& options);

// The same over a management cluster. kLeadLost when another replica may lead by now.
int serve(const ManagementClusterOptions& options);
inline constexpr int kLeadLost = 3;

}  // namespace slipway::daemon
