#include "daemon/cluster_route.h"

#include <fmt/core.h>

#include "api/cluster/cluster.h"
#include "api/cluster/workload_endpoint.h"
#include "api/inventory/inventory.h"

namespace slipway::daemon {

using base::ErrorCode;
using base::fail;
using meta::ObjectKey;
using meta::ObjectPtr;

ClusterRoute::ClusterRoute(control::Manager& manager)
    : clusters_(manager.informer(api::cluster::kCluster)), hosts_(manager.informer(api::inventory::kHost)) {}

base::Result<ObjectKey> ClusterRoute::host_of(std::string_view server_name) const {
  const auto key = api::cluster::cluster_of_server_name(server_name);
  const ObjectPtr cluster = key ? clusters_.get(*key) : nullptr;
  if (!cluster || meta::is_deleting(*cluster))
    return fail(ErrorCode::kNotFound, fmt::format("'{}' is no cluster of this gateway", server_name));
  for (const ObjectPtr& host : hosts_.list(key->ns))
    if (meta::label(*host, api::cluster::kClusterNameLabel) == key->name &&
        !host->text({"spec", "consumerRef", "name"}).empty())
      return meta::key_of(*host);
  return fail(ErrorCode::kUnavailable, fmt::format("cluster '{}' has no host yet", key->name));
}

}  // namespace slipway::daemon
