#include <fmt/core.h>

#include "api/cluster/cluster.h"
#include "api/cluster/timeline.h"
#include "base/crash_point.h"
#include "cluster/cluster_controllers.h"
#include "cluster/delete_cluster.h"
#include "cluster/machine_status.h"
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
namespace words = api::cluster;

namespace {

constexpr std::chrono::milliseconds kDeletionInterval{5'000};
constexpr std::chrono::minutes kFirstNodeLimit{30};
constexpr std::string_view kPreDrainHook = "pre-drain.delete.hook.machine.cluster.x-k8s.io";
constexpr std::string_view kPreTerminateHook = "pre-terminate.delete.hook.machine.cluster.x-k8s.io";

std::string hook_of(const Json& machine, std::string_view prefix) {
  for (const auto& [key, value] : machine.get({"metadata", "annotations"}).members())
    if (key == prefix || key.starts_with(std::string(prefix) + "/")) return key;
  return "";
}

class MachineReconciler {
 public:
  MachineReconciler(control::Manager& manager, WorkloadNodes& workload, ClusterOptions options)
      : manager_(manager), client_(manager.client()), workload_(workload), options_(options) {}

  Result<Outcome> reconcile(const ObjectKey& key) {
    auto read = client_.get(words::kMachine, key);
    if (!read.has_value()) {
      if (read.error().code() == ErrorCode::kNotFound) return Outcome::done();
      return std::move(read).error();
    }
    ObjectPtr machine = *read;
    const ObjectPtr cluster = SLIPWAY_TRY(cluster_of(*machine));
    if (is_paused(cluster ? *cluster : Json(), *machine))
      return report_paused(client_, *machine, manager_.clock().now());
    if (meta::is_deleting(*machine)) return delete_pass(*machine, cluster);
    // Without its Cluster a Machine is only a piece of YAML; the Cluster's first event brings it back.
    if (!cluster) return Outcome::done();
    return normal_pass(machine, cluster);
  }

 private:
  Result<ObjectPtr> cluster_of(const Json& machine) {
    auto found = client_.get(words::kCluster, {meta::ns(machine), machine.text({"spec", "clusterName"})});
    if (found.has_value()) return *found;
    if (found.error().code() == ErrorCode::kNotFound) return ObjectPtr();
    return std::move(found).error();
  }

  Result<Outcome> normal_pass(ObjectPtr machine, const ObjectPtr& cluster) {
    machine = SLIPWAY_TRY(prepare(*machine, *cluster));
    MachineObservation seen{.cluster = cluster};
    seen.bootstrap = SLIPWAY_TRY(adopted(*machine, machine->get({"spec", "bootstrap", "configRef"})));
    seen.infrastructure = SLIPWAY_TRY(adopted(*machine, machine->get({"spec", "infrastructureRef"})));
    if (seen.infrastructure && infrastructure_provisioned(*seen.infrastructure))
      if (const std::string& id = seen.infrastructure->text({"spec", "providerID"}); !id.empty())
        seen.node = workload_.find_node(meta::key_of(*cluster), id);
    SLIPWAY_TRY(write_status(*machine, seen));
    SLIPWAY_TRY(note_steps(*cluster, seen));
    if (!seen.node) return Outcome::done();
    return Outcome::after(waits_for_first_node(*machine, *cluster, seen) ? options_.node_wait_interval
                                                                         : options_.workload_interval);
  }

  // The short interval is for a cluster that is being made; a host that is lost later is not asked twice a second.
  bool waits_for_first_node(const Json& machine, const Json& cluster, const MachineObservation& seen) const {
    if (node_is_ready(seen)) return false;
    for (const auto& step : words::read_timeline(cluster))
      if (step.name == "nodeReady") return false;
    const auto created = base::parse_rfc3339(machine.text({"metadata", "creationTimestamp"}));
    return created.has_value() && manager_.clock().now() - *created < kFirstNodeLimit;
  }

  // Finalizer, label, and the Cluster as owner of a Machine that no control plane owns.
  Result<ObjectPtr> prepare(const Json& machine, const Json& cluster) {
    Json wanted = machine;
    meta::add_finalizer(wanted, words::kMachineFinalizer);
    if (meta::label(wanted, words::kClusterNameLabel) != meta::name(cluster))
      meta::set_label(wanted, words::kClusterNameLabel, meta::name(cluster));
    if (meta::controller_reference(wanted) == nullptr) meta::set_owner_reference(wanted, cluster, false);
    return control::patch_object(client_, machine, wanted);
  }

  // The referenced object with this Machine as its controller; whoever created it hands it over.
  Result<ObjectPtr> adopted(const Json& machine, const Json& reference) {
    ObjectPtr object = SLIPWAY_TRY(read_reference(client_, meta::ns(machine), reference));
    if (!object || meta::is_deleting(*object)) return object;
    const Json* controller = meta::controller_reference(*object);
    if (controller != nullptr && controller->text({"kind"}) == "Machine" &&
        controller->text({"uid"}) != meta::uid(machine))
      return base::fail(ErrorCode::kAlreadyExists, fmt::format("{} {} belongs to Machine {}", object->text({"kind"}),
                                                               meta::name(*object), controller->text({"name"})));
    Json wanted = *object;
    if (controller != nullptr && controller->text({"uid"}) != meta::uid(machine)) {
      const std::string uid = controller->text({"uid"});
      std::erase_if(wanted.at({"metadata", "ownerReferences"}).mutable_items(),
                    [&uid](const Json& owner) { return owner.text({"uid"}) == uid; });
    }
    meta::set_owner_reference(wanted, machine, true);
    const std::string& cluster_name = machine.text({"spec", "clusterName"});
    if (meta::label(wanted, words::kClusterNameLabel) != cluster_name)
      meta::set_label(wanted, words::kClusterNameLabel, cluster_name);
    return control::patch_object(client_, *object, wanted);
  }

  Status write_status(const Json& machine, const MachineObservation& seen) {
    Json wanted = machine;
    update_machine_status(wanted, seen, manager_.clock().now());
    const std::string& phase = wanted.text({"status", "phase"});
    const std::string& before = machine.text({"status", "phase"});
    SLIPWAY_TRY(control::patch_object(client_, machine, wanted));
    if (phase != before) manager_.events().normal(machine, phase, fmt::format("Machine is {}", phase));
    return {};
  }

  // Steps of the Cluster's creation timeline that a Machine sees.
  Status note_steps(const Json& cluster, const MachineObservation& seen) {
    Json wanted = cluster;
    const base::WallTime now = manager_.clock().now();
    if (seen.bootstrap && bootstrap_data_created(*seen.bootstrap))
      words::add_timeline_step(wanted, "bootstrapDataReady", now);
    if (node_is_ready(seen)) words::add_timeline_step(wanted, "nodeReady", now);
    const auto patched = control::patch_object(client_, cluster, wanted);
    if (!patched.has_value() && patched.error().code() != ErrorCode::kNotFound) return patched.error();
    return {};
  }

  Result<Outcome> delete_pass(const Json& machine, const ObjectPtr& cluster) {
    MachineObservation seen{.cluster = cluster};
    seen.bootstrap =
        SLIPWAY_TRY(read_reference(client_, meta::ns(machine), machine.get({"spec", "bootstrap", "configRef"})));
    seen.infrastructure =
        SLIPWAY_TRY(read_reference(client_, meta::ns(machine), machine.get({"spec", "infrastructureRef"})));
    seen.deletion = SLIPWAY_TRY(delete_step(machine, seen));
    if (!seen.deletion) {
      SLIPWAY_TRY(control::drop_finalizer(client_, machine, words::kMachineFinalizer));
      return Outcome::done();
    }
    SLIPWAY_TRY(write_status(machine, seen));
    return Outcome::after(kDeletionInterval);
  }

  // Hooks, then infrastructure, then bootstrap. Drain, volume detach and the removal of the Node do not apply to the
  // only server of a cluster: its Kubernetes ends with it.
  Result<std::optional<DeletionProgress>> delete_step(const Json& machine, const MachineObservation& seen) {
    for (const auto& [prefix, reason] : {std::pair{kPreDrainHook, words::reason::kWaitingForPreDrainHook},
                                         std::pair{kPreTerminateHook, words::reason::kWaitingForPreTerminateHook}})
      if (const std::string hook = hook_of(machine, prefix); !hook.empty())
        return DeletionProgress{std::string(reason), fmt::format("Waiting for the annotation {} to be removed", hook)};
    if (seen.infrastructure) {
      SLIPWAY_TRY(remove(*seen.infrastructure));
      return DeletionProgress{std::string(words::reason::kWaitingForInfrastructureDeletion),
                              waiting_for(*seen.infrastructure)};
    }
    base::crash_point("machine.infrastructure-gone");
    if (seen.bootstrap) {
      SLIPWAY_TRY(remove(*seen.bootstrap));
      return DeletionProgress{std::string(words::reason::kWaitingForBootstrapDeletion), waiting_for(*seen.bootstrap)};
    }
    return std::optional<DeletionProgress>();
  }

  static std::string waiting_for(const Json& object) {
    std::string text = fmt::format("Waiting for {} {} to be deleted", object.text({"kind"}), meta::name(object));
    const std::string& ready = meta::find_condition(object, words::condition::kReady).text({"message"});
    return ready.empty() ? text : text + ": " + ready;
  }

  Status remove(const Json& object) {
    if (meta::is_deleting(object)) return {};
    const Gvk gvk = SLIPWAY_TRY(meta::gvk_of(object));
    const auto removed = client_.remove(gvk, meta::key_of(object));
    if (!removed.has_value() && removed.error().code() != ErrorCode::kNotFound) return removed.error();
    return {};
  }

  control::Manager& manager_;
  kube::Client& client_;
  WorkloadNodes& workload_;
  const ClusterOptions options_;
};

// Passes ask workload clusters over the network: more of them than the default wait at the same time.
constexpr int kWorkers = 8;
constexpr std::string_view kByReference = "reference";
constexpr std::string_view kByCluster = "cluster";

std::string reference_value(const std::string& ns, const std::string& kind, const std::string& name) {
  return ns + "/" + kind + "/" + name;
}

}  // namespace

void add_machine_controller(control::Manager& manager, WorkloadNodes& workload, ClusterOptions options) {
  control::Informer& machines = manager.informer(words::kMachine);
  machines.add_index(std::string(kByReference), [](const Json& machine) {
    std::vector<std::string> values;
    for (const Json* reference :
         {&machine.get({"spec", "bootstrap", "configRef"}), &machine.get({"spec", "infrastructureRef"})})
      if (is_set(*reference))
        values.push_back(reference_value(meta::ns(machine), reference->text({"kind"}), reference->text({"name"})));
    return values;
  });
  machines.add_index(std::string(kByCluster), [](const Json& machine) {
    return std::vector<std::string>{meta::ns(machine) + "/" + machine.text({"spec", "clusterName"})};
  });
  const auto keys = [](const std::vector<ObjectPtr>& objects) {
    std::vector<ObjectKey> result;
    for (const ObjectPtr& object : objects) result.push_back(meta::key_of(*object));
    return result;
  };
  control::ControllerOptions controller{.name = "machine", .for_kind = words::kMachine, .workers = kWorkers};
  // By the Machine's references: the owner is set only once the Machine has been reconciled.
  const ProviderKinds& kinds = known_provider_kinds();
  for (const auto* group : {&kinds.bootstrap_configs, &kinds.infrastructure_machines})
    for (const Gvk& gvk : *group)
      controller.watches.emplace_back(gvk, [&machines, keys](const Json& object) {
        return keys(machines.by_index(kByReference,
                                      reference_value(meta::ns(object), object.text({"kind"}), meta::name(object))));
      });
  // A control plane reports its nodes first.
  for (const Gvk& gvk : kinds.control_planes)
    controller.watches.emplace_back(gvk, [&machines, keys](const Json& control_plane) {
      return keys(machines.by_index(
          kByCluster, meta::ns(control_plane) + "/" + meta::label(control_plane, words::kClusterNameLabel)));
    });
  controller.watches.emplace_back(words::kCluster, [&machines, keys](const Json& cluster) {
    return keys(machines.by_index(kByCluster, meta::key_of(cluster).text()));
  });
  auto reconciler = std::make_shared<MachineReconciler>(manager, workload, options);
  manager.add_controller(std::move(controller),
                         [reconciler](const ObjectKey& key) { return reconciler->reconcile(key); });
}

}  // namespace slipway::cluster
