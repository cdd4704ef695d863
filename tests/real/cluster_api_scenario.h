#pragma once

#include "real/cluster_api.h"

// The life of one cluster (tests/real/cluster-api/*.yaml), a step a function. Each waits until the manager has done
// what it can; kTimeout says what is missing. No provider runs: the steps that need one write what it would have
// written.
namespace slipway::real {

base::Status create_class(ClusterApi& api);
base::Status create_cluster(ClusterApi& api);
// The infrastructure of the Cluster reports that it is there.
base::Status provide_infrastructure(ClusterApi& api);
// The infrastructure and the control plane report that they are there; the manager then makes Machines.
base::Status provide_control_plane(ClusterApi& api);
// Every Machine gets bootstrap data, a provider id and a Node, also those that a rollout makes, until all run and the
// Cluster is available; `workload` is the kubeconfig of the API server that plays the workload cluster.
base::Status provide_machines(ClusterApi& api, const std::filesystem::path& workload);
// The status of everything that a provider has, written anew on a server to which the Cluster was moved (which takes no
// status along), until the Cluster is available again.
base::Status report_again(ClusterApi& api);
// Another variable (new templates), a label (in place) and one more worker, until the rollout has begun.
base::Status change_topology(ClusterApi& api);
// Until nothing of the cluster is left; its class stays.
base::Status delete_cluster(ClusterApi& api);

}  // namespace slipway::real
