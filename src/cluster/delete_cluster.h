#pragma once

#include <optional>

#include "cluster/cluster_status.h"
#include "kube/client.h"

namespace slipway::cluster {

// Machines that carry the Cluster's name.
base::Result<std::vector<ObjectPtr>> machines_of(kube::Client& client, const Json& cluster);
bool is_control_plane_machine(const Json& machine);

// The object a reference names, or null when it is not there: the reference is not set, or names a kind that no
// provider here has (admission refuses those; one that got in must not keep its holder from being deleted).
base::Result<ObjectPtr> read_reference(kube::Client& client, const std::string& ns, const Json& reference);

// One step of deleting a Cluster: workers, then the control plane with its machines, then the infrastructure. Says what
// it waits for; nothing = all gone, the finalizer may go. Ends in bounded time because every provider does.
base::Result<std::optional<DeletionProgress>> delete_cluster(kube::Client& client, const Json& cluster);

}  // namespace slipway::cluster
