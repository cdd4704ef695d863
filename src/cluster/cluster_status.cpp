#include "cluster/cluster_status.h"

#include <fmt/core.h>

#include "api/cluster/cluster.h"
#include "api/cluster/timeline.h"
#include "cluster/aggregate_conditions.h"
#include "cluster/provider_contract.h"

namespace slipway::cluster {

using meta::Condition;
using meta::ConditionStatus;
namespace words = api::cluster;

namespace {

Condition make(std::string_view type, ConditionStatus status, std::string_view reason, std::string message = "") {
  return {std::string(type), status, std::string(reason), std::move(message)};
}

bool initialized(const Json& cluster, std::string_view what) {
  return cluster.get({"status", "initialization", what}).bool_or(false);
}

bool waits_for_topology(const Json& cluster, std::string_view reference) {
  return !is_set(cluster.get({"spec", reference})) && cluster.get({"spec", "topology"}).is_object();
}

// A referenced object that is not there: gone with the cluster, lost, or not made yet.
Condition missing_object(const Json& cluster, std::string_view type, std::string_view reference, bool was_there) {
  const std::string& kind = cluster.text({"spec", reference, "kind"});
  if (kind.empty())
    return make(type, ConditionStatus::kFalse, words::reason::kObjectDoesNotExist,
                waits_for_topology(cluster, reference) ? "Waiting for cluster topology to be reconciled"
                                                       : fmt::format("spec.{} is not set", reference));
  if (meta::is_deleting(cluster))
    return make(type, ConditionStatus::kFalse, words::reason::kObjectDeleted, kind + " has been deleted");
  if (was_there)
    return make(type, ConditionStatus::kFalse, words::reason::kObjectDeleted,
                kind + " has been deleted while the cluster still exists");
  return make(type, ConditionStatus::kFalse, words::reason::kObjectDoesNotExist, kind + " does not exist");
}

Condition infrastructure_ready(const Json& cluster, const ClusterObservation& seen) {
  constexpr std::string_view kType = words::condition::kInfrastructureReady;
  if (!seen.infrastructure)
    return missing_object(cluster, kType, "infrastructureRef", initialized(cluster, "infrastructureProvisioned"));
  const bool ready = infrastructure_provisioned(*seen.infrastructure);
  return mirror_condition(
      *seen.infrastructure, words::condition::kReady, kType,
      make(kType, status_of(ready), ready ? words::reason::kReady : words::reason::kNotReady,
           ready ? ""
                 : fmt::format("{} status.initialization.provisioned is false", seen.infrastructure->text({"kind"}))));
}

Condition control_plane_available(const Json& cluster, const ClusterObservation& seen) {
  constexpr std::string_view kType = words::condition::kControlPlaneAvailable;
  const bool ready = initialized(cluster, "controlPlaneInitialized");
  if (!seen.control_plane) return missing_object(cluster, kType, "controlPlaneRef", ready);
  if (!ready) {
    Condition waiting =
        make(kType, ConditionStatus::kFalse, words::reason::kNotAvailable, "Control plane not yet initialized");
    return mirror_condition(*seen.control_plane, words::condition::kAvailable, kType, std::move(waiting));
  }
  return mirror_condition(*seen.control_plane, words::condition::kAvailable, kType,
                          make(kType, ConditionStatus::kTrue, words::reason::kAvailable));
}

Condition control_plane_is_initialized(const Json& cluster, const ClusterObservation& seen) {
  constexpr std::string_view kType = words::condition::kControlPlaneInitialized;
  if (initialized(cluster, "controlPlaneInitialized"))
    return make(kType, ConditionStatus::kTrue, words::reason::kInitialized);
  if (!seen.control_plane) return missing_object(cluster, kType, "controlPlaneRef", false);
  return make(kType, ConditionStatus::kFalse, words::reason::kNotInitialized, "Control plane not yet initialized");
}

Condition of_machines(const std::vector<ObjectPtr>& machines, std::string_view source, std::string_view target,
                      const AggregateReasons& reasons) {
  if (machines.empty()) return make(target, ConditionStatus::kTrue, words::reason::kNoReplicas);
  return aggregate_conditions(machines, source, target, reasons);
}

Condition remote_connection(const Json& cluster, const ClusterObservation& seen) {
  constexpr std::string_view kType = words::condition::kRemoteConnectionProbe;
  if (!seen.probe) {
    return make(kType, ConditionStatus::kFalse, words::reason::kProbeFailed,
                meta::is_deleting(cluster) ? "The connection is not probed during deletion"
                                           : "Remote connection not established yet");
  }
  if (seen.probe->has_value()) return make(kType, ConditionStatus::kTrue, words::reason::kProbeSucceeded);
  return make(kType, ConditionStatus::kFalse, words::reason::kProbeFailed,
              "Remote connection probe failed: " + seen.probe->error().message());
}

Condition topology_reconciled(const Json& cluster, const ClusterObservation& seen) {
  constexpr std::string_view kType = words::condition::kTopologyReconciled;
  if (meta::is_deleting(cluster))
    return make(kType, ConditionStatus::kFalse, words::reason::kDeleting, "Cluster is deleting");
  if (seen.topology->has_value()) return make(kType, ConditionStatus::kTrue, words::reason::kReconcileSucceeded);
  return make(kType, ConditionStatus::kFalse,
              seen.topology_reason.empty() ? words::reason::kReconcileFailed : std::string_view(seen.topology_reason),
              seen.topology->error().message());
}

// RollingOut, ScalingUp, ScalingDown: the control plane knows; without it nothing moves.
Condition movement(const ClusterObservation& seen, std::string_view type, std::string_view quiet_reason) {
  Condition quiet = make(type, ConditionStatus::kFalse, quiet_reason);
  if (!seen.control_plane) return quiet;
  return mirror_condition(*seen.control_plane, type, type, std::move(quiet));
}

Condition available(const Json& cluster) {
  std::vector<meta::SummaryInput> inputs{{std::string(words::condition::kDeleting), true},
                                         {std::string(words::condition::kRemoteConnectionProbe)},
                                         {std::string(words::condition::kInfrastructureReady)},
                                         {std::string(words::condition::kControlPlaneAvailable)},
                                         {std::string(words::condition::kWorkersAvailable)}};
  if (cluster.get({"spec", "topology"}).is_object())
    inputs.push_back({std::string(words::condition::kTopologyReconciled)});
  for (const Json& gate : cluster.get({"spec", "availabilityGates"}).items())
    inputs.push_back({gate.text({"conditionType"}), gate.text({"polarity"}) == "Negative"});
  Condition result = meta::summarize_conditions(cluster, words::condition::kAvailable, inputs);
  result.reason = result.status == ConditionStatus::kTrue    ? words::reason::kAvailable
                  : result.status == ConditionStatus::kFalse ? words::reason::kNotAvailable
                                                             : words::reason::kAvailableUnknown;
  if (result.status == ConditionStatus::kTrue) result.message.clear();
  return result;
}

void set_conditions(Json& cluster, const ClusterObservation& seen, base::WallTime now) {
  constexpr AggregateReasons kReady{words::reason::kReady, words::reason::kNotReady, words::reason::kReadyUnknown};
  constexpr AggregateReasons kUpToDate{words::reason::kUpToDate, words::reason::kNotUpToDate,
                                       words::reason::kUpToDateUnknown};
  namespace type = words::condition;
  const auto set = [&](const Condition& condition) { meta::set_condition(cluster, condition, now); };
  // Available stands first in the list and is made last.
  if (meta::find_condition(cluster, type::kAvailable).is_null())
    set(make(type::kAvailable, ConditionStatus::kUnknown, words::reason::kAvailableUnknown));
  set(remote_connection(cluster, seen));
  set(infrastructure_ready(cluster, seen));
  set(control_plane_is_initialized(cluster, seen));
  set(control_plane_available(cluster, seen));
  set(of_machines(seen.control_plane_machines, type::kReady, type::kControlPlaneMachinesReady, kReady));
  set(of_machines(seen.control_plane_machines, type::kUpToDate, type::kControlPlaneMachinesUpToDate, kUpToDate));
  set(seen.worker_machines.empty()
          ? make(type::kWorkersAvailable, ConditionStatus::kTrue, words::reason::kNoWorkers)
          : aggregate_conditions(
                seen.worker_machines, type::kAvailable, type::kWorkersAvailable,
                {words::reason::kAvailable, words::reason::kNotAvailable, words::reason::kAvailableUnknown}));
  set(of_machines(seen.worker_machines, type::kReady, type::kWorkerMachinesReady, kReady));
  set(of_machines(seen.worker_machines, type::kUpToDate, type::kWorkerMachinesUpToDate, kUpToDate));
  if (seen.topology) set(topology_reconciled(cluster, seen));
  set(movement(seen, type::kRollingOut, words::reason::kNotRollingOut));
  set(movement(seen, type::kScalingUp, words::reason::kNotScalingUp));
  set(movement(seen, type::kScalingDown, words::reason::kNotScalingDown));
  set(make(type::kRemediating, ConditionStatus::kFalse, words::reason::kNotRemediating));
  set(seen.deletion ? make(type::kDeleting, ConditionStatus::kTrue, seen.deletion->reason, seen.deletion->message)
                    : make(type::kDeleting, ConditionStatus::kFalse, words::reason::kNotDeleting));
  set(make(type::kPaused, ConditionStatus::kFalse, words::reason::kNotPaused));
  set(available(cluster));
}

void take_over_endpoint(Json& cluster, const ClusterObservation& seen) {
  if (!control_plane_endpoint(cluster).is_null()) return;
  for (const ObjectPtr& source : {seen.infrastructure, seen.control_plane}) {
    if (!source) continue;
    if (Json endpoint = control_plane_endpoint(*source); !endpoint.is_null()) {
      cluster.at("spec").set("controlPlaneEndpoint", std::move(endpoint));
      return;
    }
  }
}

void take_over_replicas(Json& cluster, const ObjectPtr& control_plane) {
  if (!control_plane) return;
  Json& status = cluster.at({"status", "controlPlane"});
  status.mutable_members();
  if (const Json& desired = control_plane->get({"spec", "replicas"}); desired.is_integer())
    status.set("desiredReplicas", desired);
  for (const std::string_view field :
       {"replicas", "readyReplicas", "availableReplicas", "upToDateReplicas", "versions"})
    if (const Json& value = control_plane->get({"status", field}); !value.is_null()) status.set(field, value);
}

void set_phase(Json& cluster) {
  std::string_view phase = words::phase::kPending;
  if (is_set(cluster.get({"spec", "infrastructureRef"}))) phase = words::phase::kProvisioning;
  if (initialized(cluster, "infrastructureProvisioned") && !control_plane_endpoint(cluster).is_null())
    phase = words::phase::kProvisioned;
  if (meta::is_deleting(cluster)) phase = words::phase::kDeleting;
  cluster.at("status").set("phase", phase);
}

// These never go back to false (Cluster API's contract).
void latch(Json& cluster, std::string_view field, bool reached, std::string_view step, base::WallTime now) {
  if (!reached) return;
  cluster.at({"status", "initialization"}).set(field, true);
  words::add_timeline_step(cluster, step, now);
}

}  // namespace

void update_cluster_status(Json& cluster, const ClusterObservation& seen, base::WallTime now) {
  cluster.at("status").set("observedGeneration", meta::generation(cluster));
  if (!meta::is_deleting(cluster)) {
    if (seen.topology && seen.topology->has_value()) words::add_timeline_step(cluster, "topologyReconciled", now);
    take_over_endpoint(cluster, seen);
    latch(cluster, "infrastructureProvisioned", seen.infrastructure && infrastructure_provisioned(*seen.infrastructure),
          "infrastructureProvisioned", now);
    latch(cluster, "controlPlaneInitialized", seen.control_plane && control_plane_initialized(*seen.control_plane),
          "controlPlaneInitialized", now);
    if (seen.infrastructure)
      if (const Json& domains = seen.infrastructure->get({"status", "failureDomains"}); domains.is_array())
        cluster.at("status").set("failureDomains", domains);
  }
  take_over_replicas(cluster, seen.control_plane);
  set_phase(cluster);
  set_conditions(cluster, seen, now);
}

}  // namespace slipway::cluster
