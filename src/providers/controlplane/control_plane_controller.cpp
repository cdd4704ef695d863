#include "providers/controlplane/control_plane_controller.h"

#include <algorithm>
#include <fmt/core.h>

#include "api/bootstrap/bootstrap.h"
#include "api/cluster/cluster.h"
#include "api/cluster/references.h"
#include "api/cluster/timeline.h"
#include "api/controlplane/controlplane.h"
#include "base/crash_point.h"
#include "control/object_patch.h"
#include "meta/conditions.h"
#include "providers/bootstrap/cluster_secrets.h"
#include "providers/controlplane/control_plane_machine.h"
#include "providers/controlplane/control_plane_status.h"
#include "providers/controlplane/kubeconfig_secret.h"
#include "providers/controlplane/machine_currency.h"

namespace slipway::providers::controlplane {

using base::Error;
using base::ErrorCode;
using base::Result;
using base::Status;
using control::Outcome;
using meta::Gvk;
using meta::ObjectKey;

namespace {

constexpr const char* kControllerName = "kthreescontrolplane";
constexpr const char* kNodesPath = "/api/v1/nodes?limit=100";
constexpr std::chrono::milliseconds kProblemPause{10'000};

bool is_paused(const Json& control_plane, const Json& cluster) {
  return cluster.get({"spec", "paused"}).bool_or(false) ||
         control_plane.get({"metadata", "annotations"}).contains(api::cluster::kPausedAnnotation);
}

bool has_endpoint(const Json& cluster) {
  const Json& endpoint = cluster.get({"spec", "controlPlaneEndpoint"});
  return !endpoint.text({"host"}).empty() && endpoint["port"].integer_or(0) > 0;
}

// Wrong input, which only an edit can heal; it is reported on the object instead of being retried fast.
bool is_input_error(const Error& error) {
  return error.code() == ErrorCode::kInvalid || error.code() == ErrorCode::kNotFound;
}

class ControlPlaneReconciler {
 public:
  ControlPlaneReconciler(control::Manager& manager, WorkloadClusters& workloads, ControlPlaneOptions options)
      : manager_(manager),
        workloads_(workloads),
        options_(options),
        control_planes_(manager.informer(api::controlplane::kKThreesControlPlane)),
        clusters_(manager.informer(api::cluster::kCluster)),
        machines_(manager.informer(api::cluster::kMachine)) {}

  Result<Outcome> reconcile(const ObjectKey& key) {
    const ObjectPtr control_plane = control_planes_.get(key);
    if (!control_plane) return Outcome::done();
    const Json* owner = meta::owner_of_kind(*control_plane, {std::string(api::cluster::kGroup), "Cluster"});
    const ObjectPtr cluster = owner == nullptr ? nullptr : clusters_.get({key.ns, owner->text({"name"})});
    if (cluster && is_paused(*control_plane, *cluster)) return report_paused(*control_plane);
    if (meta::is_deleting(*control_plane)) return remove(*control_plane);
    if (!cluster) return Outcome::done();
    if (SLIPWAY_TRY(control::ensure_finalizer(manager_.client(), *control_plane, api::controlplane::kFinalizer)))
      return Outcome::done();  // its own event brings the key back
    return bring_forward(*control_plane, *cluster);
  }

  std::vector<ObjectKey> control_planes_of(const Json& cluster) const {
    const Json& reference = cluster.get({"spec", "controlPlaneRef"});
    if (reference.text({"kind"}) != api::controlplane::kKThreesControlPlane.kind) return {};
    return {{meta::ns(cluster), reference.text({"name"})}};
  }

 private:
  // A pause holds everything, deletion too (Cluster API's contract).
  Result<Outcome> report_paused(const Json& control_plane) {
    Json wanted = control_plane;
    meta::set_condition(wanted,
                        {std::string(api::cluster::condition::kPaused), meta::ConditionStatus::kTrue,
                         std::string(api::cluster::reason::kPaused),
                         "spec.paused of the Cluster or the annotation cluster.x-k8s.io/paused is set"},
                        manager_.clock().now());
    SLIPWAY_TRY(control::patch_object(manager_.client(), control_plane, wanted));
    return Outcome::done();
  }

  Result<Outcome> bring_forward(const Json& control_plane, const Json& cluster) {
    Observation observation;
    SLIPWAY_TRY(provide_secrets(control_plane, cluster, observation));
    if (observation.has_certificates) SLIPWAY_TRY(provide_machine(control_plane, cluster, observation));
    observation.machines = machines_of(control_plane);
    SLIPWAY_TRY(check_machines(control_plane, cluster, observation));
    look_at_workload(cluster, observation);

    Json wanted = control_plane;
    set_status(wanted, observation, manager_.clock().now());
    SLIPWAY_TRY(control::patch_object(manager_.client(), control_plane, wanted));
    SLIPWAY_TRY(record_steps(cluster, observation, wanted));
    return next_look(observation, wanted);
  }

  Status provide_secrets(const Json& control_plane, const Json& cluster, Observation& observation) {
    const ObjectKey cluster_key = meta::key_of(cluster);
    const bool in_use = has_given_work(machines_of(control_plane));
    const auto authorities = in_use ? bootstrap::read_authorities(manager_, cluster_key)
                                    : bootstrap::ensure_authorities(manager_, cluster_key, control_plane);
    if (!authorities) {
      if (authorities.error().code() != ErrorCode::kCorrupt && authorities.error().code() != ErrorCode::kNotFound)
        return authorities.error();
      observation.certificates_problem = authorities.error().message();
      if (in_use)
        observation.certificates_problem +=
            "; restore it from a backup: the running server knows the old authority and would trust no new one";
      return {};
    }
    if (!meta::is_condition_true(control_plane, api::controlplane::condition::kCertificatesAvailable))
      base::crash_point("controlplane.authorities-created");
    SLIPWAY_TRY(bootstrap::ensure_token(manager_, cluster_key, control_plane));
    observation.has_certificates = true;
    if (!has_endpoint(cluster)) return {};
    SLIPWAY_TRY(ensure_kubeconfig(manager_, cluster, control_plane, authorities->server, authorities->client)
                    .with_context("kubeconfig Secret"));
    observation.has_kubeconfig = true;
    return {};
  }

  // A host has the cluster's certificates: from now on they are what they are.
  static bool has_given_work(const std::vector<ObjectPtr>& machines) {
    return std::ranges::any_of(machines, [](const ObjectPtr& machine) {
      return !machine->text({"spec", "bootstrap", "dataSecretName"}).empty();
    });
  }

  Status provide_machine(const Json& control_plane, const Json& cluster, Observation& observation) {
    if (const auto replicas = control_plane.get({"spec", "replicas"}).integer_or(1); replicas != 1) {
      observation.problem =
          fmt::format("spec.replicas is {}, but a cluster has exactly one server here; set it to 1", replicas);
      return {};
    }
    if (!cluster.get({"status", "initialization", "infrastructureProvisioned"}).bool_or(false)) {
      observation.problem = fmt::format("cluster '{}' has no infrastructure yet", meta::name(cluster));
      return {};
    }
    // Also while one is being deleted: its successor has the same name, and whatever is made for it now would be taken
    // away with the old one.
    if (!machines_of(control_plane).empty()) return {};
    const Status made = create_machine(control_plane, cluster);
    if (made || !is_input_error(made.error())) return made;
    observation.problem = made.error().message();
    manager_.events().warning(control_plane, "MachineNotCreated", observation.problem);
    return {};
  }

  // Infrastructure, bootstrap config, then the Machine that refers to both. A pass that was interrupted is repeated
  // with the same names and finds what is there.
  Status create_machine(const Json& control_plane, const Json& cluster) {
    const Json& reference = control_plane.get({"spec", "machineTemplate", "infrastructureRef"});
    const auto version = meta::parse_api_version(reference.text({"apiVersion"}));
    const Gvk gvk{version.group, version.version, reference.text({"kind"})};
    const auto infra_template = SLIPWAY_TRY(manager_.client()
                                                .get(gvk, {meta::ns(control_plane), reference.text({"name"})})
                                                .with_context("spec.machineTemplate.infrastructureRef"));
    Json infra_machine = SLIPWAY_TRY(infrastructure_machine(control_plane, cluster, *infra_template));
    Json server = SLIPWAY_TRY(machine(control_plane, cluster, infra_machine));
    SLIPWAY_TRY(create(std::move(infra_machine), nullptr));
    base::crash_point("controlplane.infra-machine-created");
    SLIPWAY_TRY(create(bootstrap_config(control_plane, cluster), nullptr));
    base::crash_point("controlplane.config-created");
    SLIPWAY_TRY(create(std::move(server), &control_plane));
    base::crash_point("controlplane.machine-created");
    return {};
  }

  // kConflict while the predecessor of that name is still being deleted.
  Status create(Json object, const Json* owner) {
    const auto made = SLIPWAY_TRY(control::create_or_get(manager_.client(), std::move(object), owner));
    if (meta::is_deleting(*made))
      return base::fail(ErrorCode::kConflict,
                        fmt::format("{} '{}' is still being deleted", made->text({"kind"}), meta::name(*made)));
    return {};
  }

  std::vector<ObjectPtr> machines_of(const Json& control_plane) const {
    return owned_by(machines_.list(meta::ns(control_plane)), control_plane);
  }

  static std::vector<ObjectPtr> owned_by(const std::vector<ObjectPtr>& machines, const Json& control_plane) {
    std::vector<ObjectPtr> result;
    for (const ObjectPtr& machine : machines) {
      const Json* owner = meta::controller_reference(*machine);
      if (owner != nullptr && owner->text({"uid"}) == meta::uid(control_plane)) result.push_back(machine);
    }
    return result;
  }

  // Each Machine with its companions: metadata and timeouts follow the spec in place, everything else is compared, and
  // the Machine says the result.
  Status check_machines(const Json& control_plane, const Json& cluster, Observation& observation) {
    for (ObjectPtr& machine : observation.machines) {
      const Json config = SLIPWAY_TRY(companion(*machine, machine->get({"spec", "bootstrap", "configRef"})));
      const Json infra_machine = SLIPWAY_TRY(companion(*machine, machine->get({"spec", "infrastructureRef"})));
      for (const Json* object : {&config, &infra_machine}) {
        if (object->is_null()) continue;
        Json wanted = *object;
        set_machine_metadata(wanted, control_plane, cluster);
        SLIPWAY_TRY(save(*object, wanted));
      }
      std::vector<std::string> reasons = outdated_reasons(control_plane, *machine, config, infra_machine);
      Json wanted = *machine;
      set_machine_metadata(wanted, control_plane, cluster);
      SLIPWAY_TRY(set_timeouts(wanted, control_plane));
      meta::set_condition(wanted, up_to_date_condition(reasons), manager_.clock().now());
      if (!reasons.empty()) observation.outdated.emplace(meta::name(*machine), std::move(reasons));
      if (ObjectPtr newest = SLIPWAY_TRY(save(*machine, wanted))) machine = std::move(newest);
    }
    return {};
  }

  // Null when the object moved on or is gone: its event wakes this key again.
  Result<ObjectPtr> save(const Json& original, const Json& wanted) {
    auto patched = control::patch_object(manager_.client(), original, wanted);
    if (!patched && (patched.error().code() == ErrorCode::kConflict || patched.error().code() == ErrorCode::kNotFound))
      return ObjectPtr();
    return patched;
  }

  // What a reference of a Machine names, or null.
  Result<Json> companion(const Json& machine, const Json& reference) {
    auto found = manager_.client().get(api::cluster::kind_of_reference(reference),
                                       {meta::ns(machine), reference.text({"name"})});
    if (found) return **found;
    if (found.error().code() == ErrorCode::kNotFound) return Json();
    return found.error();
  }

  void look_at_workload(const Json& cluster, Observation& observation) {
    // Nothing can answer before the host was given its work.
    if (!has_given_work(observation.machines)) return;
    const ObjectKey cluster_key = meta::key_of(cluster);
    const ObjectKey own_key{cluster_key.ns, cluster.text({"spec", "controlPlaneRef", "name"})};
    workloads_.follow_nodes(cluster_key, [this, own_key] { manager_.enqueue(kControllerName, own_key); });
    const auto nodes = workloads_.get(cluster_key, kNodesPath);
    if (nodes) {
      observation.api_answers = true;
      observation.nodes = (*nodes)["items"];
    } else {
      observation.api_problem = nodes.error().message();
    }
  }

  Status record_steps(const Json& cluster, const Observation& observation, const Json& status_object) {
    Json wanted = cluster;
    const auto now = manager_.clock().now();
    const Json& status = status_object["status"];
    bool changed = false;
    if (observation.has_kubeconfig) changed |= api::cluster::add_timeline_step(wanted, "kubeconfigCreated", now);
    if (!observation.machines.empty()) changed |= api::cluster::add_timeline_step(wanted, "machineCreated", now);
    if (observation.api_answers) changed |= api::cluster::add_timeline_step(wanted, "apiServerReady", now);
    if (status.get({"initialization", "controlPlaneInitialized"}).bool_or(false))
      changed |= api::cluster::add_timeline_step(wanted, "controlPlaneInitialized", now);
    if (status["readyReplicas"].integer_or(0) > 0) changed |= api::cluster::add_timeline_step(wanted, "nodeReady", now);
    if (changed) SLIPWAY_TRY(control::patch_object(manager_.client(), cluster, wanted));
    return {};
  }

  Outcome next_look(const Observation& observation, const Json& wanted) const {
    if (!observation.certificates_problem.empty()) return Outcome::after(kProblemPause);
    if (observation.machines.empty())
      return observation.problem.empty() ? Outcome::done() : Outcome::after(kProblemPause);
    if (wanted.get({"status", "readyReplicas"}).integer_or(0) > 0) return Outcome::after(options_.healthy_pause);
    const bool is_asked = has_given_work(observation.machines);
    return Outcome::after(is_asked && is_starting(*observation.machines.front()) ? options_.starting_pause
                                                                                 : options_.late_pause);
  }

  // The start counts from the moment the host was given its work, however long it took to find one.
  bool is_starting(const Json& machine) const {
    const Json& given = meta::find_condition(machine, api::cluster::condition::kBootstrapConfigReady);
    auto since = base::parse_rfc3339(given.text({"lastTransitionTime"}));
    if (!since) since = base::parse_rfc3339(machine.text({"metadata", "creationTimestamp"}));
    return since && manager_.clock().now() - *since < options_.starting_time;
  }

  // Workers first, then the servers, then the object itself. Never waits for infrastructure that was never there.
  Result<Outcome> remove(const Json& control_plane) {
    if (!meta::has_finalizer(control_plane, api::controlplane::kFinalizer)) return Outcome::done();
    // Not out of the cache: a Machine that was made a moment ago would be left behind.
    registry::ListOptions options;
    options.ns = meta::ns(control_plane);
    const auto all = SLIPWAY_TRY(manager_.client().list(api::cluster::kMachine, options));
    Observation observation{.machines = owned_by(all.items, control_plane), .has_certificates = true};
    if (observation.machines.empty()) {
      workloads_.forget({meta::ns(control_plane), meta::label(control_plane, api::cluster::kClusterNameLabel)});
      SLIPWAY_TRY(control::drop_finalizer(manager_.client(), control_plane, api::controlplane::kFinalizer));
      return Outcome::done();
    }
    if (const std::size_t workers = count_workers(all.items, control_plane); workers > 0) {
      observation.deletion = fmt::format("Waiting for {} worker Machines to be deleted", workers);
    } else {
      for (const ObjectPtr& machine : observation.machines) SLIPWAY_TRY(remove_machine(*machine));
      observation.deletion = deletion_message(*observation.machines.front());
    }
    Json wanted = control_plane;
    set_status(wanted, observation, manager_.clock().now());
    const auto patched = control::patch_object(manager_.client(), control_plane, wanted);
    if (!patched && patched.error().code() != ErrorCode::kNotFound) return patched.error();
    return Outcome::after(kProblemPause);  // the Machines' events come first
  }

  static std::string deletion_message(const Json& machine) {
    const std::string& reason = meta::find_condition(machine, api::cluster::condition::kDeleting).text({"message"});
    return fmt::format("Waiting for Machine {} to be deleted{}{}", meta::name(machine), reason.empty() ? "" : ": ",
                       reason);
  }

  Status remove_machine(const Json& machine) {
    if (meta::is_deleting(machine)) return {};
    const auto removed = manager_.client().remove(api::cluster::kMachine, meta::key_of(machine),
                                                  {.precondition_uid = meta::uid(machine)});
    if (!removed && removed.error().code() != ErrorCode::kNotFound) return removed.error();
    base::crash_point("controlplane.machine-deleted");
    return {};
  }

  static std::size_t count_workers(const std::vector<ObjectPtr>& machines, const Json& control_plane) {
    const std::string& cluster_name = meta::label(control_plane, api::cluster::kClusterNameLabel);
    return static_cast<std::size_t>(std::ranges::count_if(machines, [&cluster_name](const ObjectPtr& machine) {
      return machine->text({"spec", "clusterName"}) == cluster_name &&
             !machine->get({"metadata", "labels"}).contains(api::cluster::kControlPlaneLabel);
    }));
  }

  control::Manager& manager_;
  WorkloadClusters& workloads_;
  ControlPlaneOptions options_;
  control::Informer &control_planes_, &clusters_, &machines_;
};

}  // namespace

void add_control_plane_controller(control::Manager& manager, WorkloadClusters& clusters, ControlPlaneOptions options) {
  auto reconciler = std::make_shared<ControlPlaneReconciler>(manager, clusters, options);
  manager.add_controller(
      {.name = kControllerName,
       .for_kind = api::controlplane::kKThreesControlPlane,
       .owns = {api::cluster::kMachine, kube::kSecret},
       .watches = {{api::cluster::kCluster,
                    [reconciler](const Json& cluster) { return reconciler->control_planes_of(cluster); }}}},
      [reconciler](const ObjectKey& key) { return reconciler->reconcile(key); });
}

}  // namespace slipway::providers::controlplane
