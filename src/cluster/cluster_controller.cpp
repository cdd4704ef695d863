#include <algorithm>
#include <fmt/core.h>
#include <map>
#include <mutex>

#include "api/cluster/cluster.h"
#include "cluster/apply_topology.h"
#include "cluster/cluster_controllers.h"
#include "cluster/cluster_status.h"
#include "cluster/delete_cluster.h"
#include "cluster/pausing.h"
#include "cluster/provider_contract.h"
#include "control/object_patch.h"
#include "meta/conditions.h"

namespace slipway::cluster {

using base::ErrorCode;
using base::Result;
using base::Status;
using control::Outcome;
using meta::Gvk;
using meta::ObjectKey;

namespace {

constexpr std::string_view kByClass = "class";
constexpr std::string_view kByReference = "reference";
constexpr std::chrono::milliseconds kFirstProbeRetry{500};
constexpr int kWorkers = 8;  // passes probe workload clusters over the network
constexpr std::chrono::milliseconds kDeletionInterval{5'000};

// The newest probe of each running cluster: passes are frequent, probes are not. A failed one is repeated soon, then
// more and more seldom up to the interval.
class ProbeCache {
 public:
  ProbeCache(control::Manager& manager, WorkloadNodes& workload, std::chrono::milliseconds interval)
      : clock_(manager.clock()), workload_(workload), interval_(interval) {}

  struct Probe {
    Status status;
    std::chrono::milliseconds valid_for;
  };
  Probe probe(const ObjectKey& cluster) {
    int failures = 0;
    {
      std::lock_guard lock(mutex_);
      if (const auto known = results_.find(cluster); known != results_.end()) {
        failures = known->second.failures;
        if (clock_.steady() < known->second.expires) return result(known->second);
      }
    }
    Status status = workload_.probe(cluster);
    failures = status.has_value() ? 0 : failures + 1;
    const auto valid_for =
        failures == 0 ? interval_ : std::min(kFirstProbeRetry * (1 << std::min(failures - 1, 10)), interval_);
    const Entry entry{clock_.steady() + valid_for, std::move(status), failures};
    std::lock_guard lock(mutex_);
    results_.insert_or_assign(cluster, entry);
    return result(entry);
  }

  void forget(const ObjectKey& cluster) {
    std::lock_guard lock(mutex_);
    results_.erase(cluster);
  }

 private:
  struct Entry {
    std::chrono::nanoseconds expires;
    Status status;
    int failures;
  };
  Probe result(const Entry& entry) const {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(entry.expires - clock_.steady());
    return {entry.status, std::max(left, std::chrono::milliseconds(1))};
  }

  base::Clock& clock_;
  WorkloadNodes& workload_;
  const std::chrono::milliseconds interval_;
  std::mutex mutex_;
  std::map<ObjectKey, Entry> results_;
};

bool is_for_the_user(const base::Error& error) {
  return error.code() == ErrorCode::kNotFound || error.code() == ErrorCode::kInvalid ||
         error.code() == ErrorCode::kUnsupported || error.code() == ErrorCode::kBadRequest ||
         error.code() == ErrorCode::kAlreadyExists;
}

class ClusterReconciler {
 public:
  ClusterReconciler(control::Manager& manager, WorkloadNodes& workload, ClusterOptions options)
      : manager_(manager),
        client_(manager.client()),
        options_(options),
        probes_(manager, workload, options.workload_interval) {}

  Result<Outcome> reconcile(const ObjectKey& key) {
    auto read = client_.get(api::cluster::kCluster, key);
    if (!read.has_value()) {
      probes_.forget(key);
      if (read.error().code() == ErrorCode::kNotFound) return Outcome::done();
      return std::move(read).error();
    }
    ObjectPtr cluster = *read;
    if (is_paused(*cluster)) return report_paused(client_, *cluster, manager_.clock().now());
    if (meta::is_deleting(*cluster)) return delete_pass(cluster);
    if (SLIPWAY_TRY(control::ensure_finalizer(client_, *cluster, api::cluster::kClusterFinalizer)))
      cluster = SLIPWAY_TRY(client_.get(api::cluster::kCluster, key));
    return normal_pass(cluster);
  }

 private:
  Result<Outcome> normal_pass(ObjectPtr cluster) {
    ClusterObservation seen;
    if ((*cluster).get({"spec", "topology"}).is_object()) {
      seen.topology = apply_topology(manager_, cluster);
      if (!seen.topology->has_value()) note_topology_failure(*cluster, seen);
    }
    SLIPWAY_TRY(observe(*cluster, seen));
    // What a failed topology refers to may be somebody else's.
    if (!seen.topology || seen.topology->has_value()) {
      SLIPWAY_TRY(adopt(*cluster, seen.infrastructure));
      SLIPWAY_TRY(adopt(*cluster, seen.control_plane));
    }
    const bool running = seen.control_plane && control_plane_initialized(*seen.control_plane);
    Outcome outcome;
    if (running) {
      auto probe = probes_.probe(meta::key_of(*cluster));
      seen.probe = std::move(probe.status);
      outcome = Outcome::after(probe.valid_for);
    }
    SLIPWAY_TRY(write_status(*cluster, seen));
    if (seen.topology && !seen.topology->has_value() && !is_for_the_user(seen.topology->error()))
      return seen.topology->error();
    return outcome;
  }

  void note_topology_failure(const Json& cluster, ClusterObservation& seen) {
    const base::Error& error = seen.topology->error();
    seen.topology_reason = error.code() == ErrorCode::kNotFound ? api::cluster::reason::kClusterClassNotReconciled
                                                                : api::cluster::reason::kReconcileFailed;
    if (is_for_the_user(error)) manager_.events().warning(cluster, "TopologyReconcileFailed", error.message());
  }

  Result<Outcome> delete_pass(const ObjectPtr& cluster) {
    probes_.forget(meta::key_of(*cluster));
    const std::optional<DeletionProgress> progress = SLIPWAY_TRY(delete_cluster(client_, *cluster));
    if (!progress) {
      SLIPWAY_TRY(control::drop_finalizer(client_, *cluster, api::cluster::kClusterFinalizer));
      return Outcome::done();
    }
    ClusterObservation seen{.deletion = progress};
    if ((*cluster).get({"spec", "topology"}).is_object()) seen.topology = Status();
    SLIPWAY_TRY(observe(*cluster, seen));
    SLIPWAY_TRY(write_status(*cluster, seen));
    // What is waited for wakes this Cluster when it carries its label; the interval is for what does not.
    return Outcome::after(kDeletionInterval);
  }

  Status observe(const Json& cluster, ClusterObservation& seen) {
    seen.infrastructure = SLIPWAY_TRY(read_referenced(cluster, "infrastructureRef"));
    seen.control_plane = SLIPWAY_TRY(read_referenced(cluster, "controlPlaneRef"));
    const auto machines = SLIPWAY_TRY(machines_of(client_, cluster));
    for (const ObjectPtr& machine : machines)
      (is_control_plane_machine(*machine) ? seen.control_plane_machines : seen.worker_machines).push_back(machine);
    return {};
  }

  Result<ObjectPtr> read_referenced(const Json& cluster, std::string_view field) {
    return read_reference(client_, meta::ns(cluster), cluster.get({"spec", field}));
  }

  // Marks a provider's object as this Cluster's: the provider waits for the owner, deletion follows it. An object of
  // another Cluster is not used.
  Status adopt(const Json& cluster, ObjectPtr& object) {
    if (!object || meta::is_deleting(*object)) return {};
    const Json* owner = meta::owner_of_kind(*object, {std::string(api::cluster::kGroup), "Cluster"});
    if (owner != nullptr && owner->text({"uid"}) != meta::uid(cluster)) {
      manager_.events().warning(cluster, "ReferenceNotUsable",
                                fmt::format("{} {} belongs to Cluster {}", object->text({"kind"}), meta::name(*object),
                                            owner->text({"name"})));
      object = nullptr;
      return {};
    }
    Json wanted = *object;
    meta::set_owner_reference(wanted, cluster, cluster.get({"spec", "topology"}).is_object());
    if (meta::label(wanted, api::cluster::kClusterNameLabel) != meta::name(cluster))
      meta::set_label(wanted, api::cluster::kClusterNameLabel, meta::name(cluster));
    object = SLIPWAY_TRY(control::patch_object(client_, *object, wanted));
    return {};
  }

  Status write_status(const Json& cluster, const ClusterObservation& seen) {
    Json wanted = cluster;
    update_cluster_status(wanted, seen, manager_.clock().now());
    const std::string& phase = wanted.text({"status", "phase"});
    const std::string& before = cluster.text({"status", "phase"});
    SLIPWAY_TRY(control::patch_object(client_, cluster, wanted));
    if (phase != before) manager_.events().normal(cluster, phase, fmt::format("Cluster is {}", phase));
    return {};
  }

  control::Manager& manager_;
  kube::Client& client_;
  const ClusterOptions options_;
  ProbeCache probes_;
};

std::vector<ObjectKey> cluster_by_label(const Json& object) {
  const std::string& name = meta::label(object, api::cluster::kClusterNameLabel);
  if (name.empty()) return {};
  return {{meta::ns(object), name}};
}

std::vector<ObjectKey> keys_of(const std::vector<ObjectPtr>& objects) {
  std::vector<ObjectKey> keys;
  for (const ObjectPtr& object : objects) keys.push_back(meta::key_of(*object));
  return keys;
}

std::string reference_value(const std::string& ns, const std::string& kind, const std::string& name) {
  return ns + "/" + kind + "/" + name;
}

std::vector<std::string> references_of(const Json& cluster) {
  std::vector<std::string> values;
  for (const std::string_view field : {"infrastructureRef", "controlPlaneRef"})
    if (const Json& reference = cluster.get({"spec", field}); is_set(reference))
      values.push_back(reference_value(meta::ns(cluster), reference.text({"kind"}), reference.text({"name"})));
  return values;
}

// Clusters that a template concerns: its owner, or every Cluster of the classes that refer to it.
std::vector<ObjectKey> clusters_of_template(const Json& object, const control::Informer& classes,
                                            const control::Informer& clusters) {
  std::vector<ObjectKey> keys = cluster_by_label(object);
  for (const ObjectPtr& cluster_class : classes.list(meta::ns(object))) {
    const Json& spec = (*cluster_class)["spec"];
    for (const Json* reference :
         {&spec.get({"infrastructure", "templateRef"}), &spec.get({"controlPlane", "templateRef"}),
          &spec.get({"controlPlane", "machineInfrastructure", "templateRef"})}) {
      if (reference->text({"kind"}) != object.text({"kind"}) || reference->text({"name"}) != meta::name(object))
        continue;
      for (ObjectKey& key : keys_of(clusters.by_index(kByClass, meta::key_of(*cluster_class).text())))
        keys.push_back(std::move(key));
    }
  }
  return keys;
}

}  // namespace

void add_cluster_controller(control::Manager& manager, WorkloadNodes& workload, ClusterOptions options) {
  control::Informer& clusters = manager.informer(api::cluster::kCluster);
  control::Informer& classes = manager.informer(api::cluster::kClusterClass);
  clusters.add_index(std::string(kByClass),
                     [](const Json& cluster) { return std::vector<std::string>{class_key(cluster).text()}; });
  clusters.add_index(std::string(kByReference), references_of);
  // By label, and by reference: an object that a manifest makes after its Cluster has no label yet.
  const auto by_label_or_reference = [&clusters](const Json& object) {
    std::vector<ObjectKey> keys = cluster_by_label(object);
    for (ObjectKey& key : keys_of(clusters.by_index(
             kByReference, reference_value(meta::ns(object), object.text({"kind"}), meta::name(object)))))
      keys.push_back(std::move(key));
    return keys;
  };
  control::ControllerOptions controller{.name = "cluster", .for_kind = api::cluster::kCluster, .workers = kWorkers};
  const ProviderKinds& kinds = known_provider_kinds();
  for (const auto* group : {&kinds.infrastructure_clusters, &kinds.control_planes})
    for (const Gvk& gvk : *group) controller.watches.emplace_back(gvk, by_label_or_reference);
  controller.watches.emplace_back(api::cluster::kMachine, cluster_by_label);
  controller.watches.emplace_back(api::cluster::kClusterClass, [&clusters](const Json& cluster_class) {
    return keys_of(clusters.by_index(kByClass, meta::key_of(cluster_class).text()));
  });
  for (const Gvk& gvk : kinds.topology_templates)
    controller.watches.emplace_back(
        gvk, [&classes, &clusters](const Json& object) { return clusters_of_template(object, classes, clusters); });
  auto reconciler = std::make_shared<ClusterReconciler>(manager, workload, options);
  manager.add_controller(std::move(controller),
                         [reconciler](const ObjectKey& key) { return reconciler->reconcile(key); });
}

}  // namespace slipway::cluster
