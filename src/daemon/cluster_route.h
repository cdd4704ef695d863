#pragma once

#include <string_view>

#include "control/manager.h"

namespace slipway::daemon {

// Which host the API server of a cluster runs on, out of the caches: the gateway's way to a cluster. A cluster that is
// being deleted has no way any more. Make it before the manager starts; thread-safe.
class ClusterRoute {
 public:
  explicit ClusterRoute(control::Manager& manager);
  // The host for a gateway server name; kNotFound for a name that is no cluster's, kUnavailable while it has no host.
  base::Result<meta::ObjectKey> host_of(std::string_view server_name) const;

 private:
  control::Informer& clusters_;
  control::Informer& hosts_;
};

}  // namespace slipway::daemon
