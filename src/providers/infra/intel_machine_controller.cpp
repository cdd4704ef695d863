#include <fmt/core.h>

#include "api/bootstrap/bootstrap.h"
#include "api/cluster/cluster.h"
#include "api/cluster/timeline.h"
#include "api/infrastructure/infrastructure.h"
#include "api/inventory/inventory.h"
#include "base/crash_point.h"
#include "control/object_patch.h"
#include "meta/conditions.h"
#include "providers/infra/host_claim.h"
#include "providers/infra/infra_controllers.h"

namespace slipway::providers::infra {

using base::ErrorCode;
using base::Result;
using base::Status;
using control::Outcome;
using data::Json;
using meta::ConditionStatus;
using meta::ObjectKey;
using meta::ObjectPtr;

namespace {

constexpr std::string_view kClusterNameLabel = "cluster.x-k8s.io/cluster-name";
constexpr std::string_view kClonedFromName = "cluster.x-k8s.io/cloned-from-name";
constexpr std::string_view kSkipRemediation = "cluster.x-k8s.io/skip-remediation";

class IntelMachineReconciler {
 public:
  IntelMachineReconciler(control::Manager& manager, InfraOptions options)
      : manager_(manager),
        options_(std::move(options)),
        intel_machines_(manager.informer(api::infrastructure::kIntelMachine)),
        bindings_(manager.informer(api::infrastructure::kIntelMachineBinding)),
        templates_(manager.informer(api::infrastructure::kIntelMachineTemplate)),
        hosts_(manager.informer(api::inventory::kHost)),
        machines_(manager.informer(api::cluster::kMachine)),
        clusters_(manager.informer(api::cluster::kCluster)),
        configs_(manager.informer(api::bootstrap::kKThreesConfig)) {}

  Result<Outcome> reconcile(const ObjectKey& key) {
    const ObjectPtr intel_machine = intel_machines_.get(key);
    if (!intel_machine) return Outcome::done();
    if (meta::is_deleting(*intel_machine)) return release(*intel_machine);
    const Json* owner = meta::owner_of_kind(*intel_machine, {std::string(api::cluster::kGroup), "Machine"});
    if (owner == nullptr) return Outcome::done();
    const ObjectPtr machine = machines_.get({key.ns, owner->text({"name"})});
    const ObjectPtr cluster = clusters_.get({key.ns, meta::label(*intel_machine, kClusterNameLabel)});
    if (!machine || !cluster) return Outcome::done();
    if (intel_machine->text({"spec", "providerID"}).empty()) return bind(*intel_machine, *machine, *cluster);
    return mirror(*intel_machine, *cluster);
  }

  // A Host wakes the machine that holds it, and every machine of its namespace that still looks for one.
  std::vector<ObjectKey> machines_of_host(const Json& host) const {
    std::vector<ObjectKey> keys;
    if (const std::string& name = host.text({"spec", "consumerRef", "name"}); !name.empty())
      keys.push_back({meta::ns(host), name});
    for (const ObjectPtr& machine : intel_machines_.list(meta::ns(host)))
      if (machine->text({"spec", "providerID"}).empty() || machine->text({"spec", "providerID"}) == provider_id(host))
        keys.push_back(meta::key_of(*machine));
    return keys;
  }

  std::vector<ObjectKey> machines_of_cluster(const std::string& ns, std::string_view cluster_name) const {
    std::vector<ObjectKey> keys;
    for (const ObjectPtr& machine : intel_machines_.list(ns))
      if (meta::label(*machine, kClusterNameLabel) == cluster_name) keys.push_back(meta::key_of(*machine));
    return keys;
  }

 private:
  Result<Outcome> wait(const Json& intel_machine, std::string reason, std::string message) {
    Json wanted = intel_machine;
    set_conditions(wanted, {"HostProvisioned", ConditionStatus::kFalse, std::move(reason), std::move(message)},
                   {"BootstrapExecSucceeded", ConditionStatus::kFalse, "BootstrapWaiting", "no host yet"});
    SLIPWAY_TRY(control::patch_object(manager_.client(), intel_machine, wanted));
    return Outcome::done();
  }

  void set_conditions(Json& machine, const meta::Condition& provisioned, const meta::Condition& bootstrap) {
    const auto now = manager_.clock().now();
    meta::set_condition(machine, provisioned, now);
    meta::set_condition(machine, bootstrap, now);
    meta::set_condition(
        machine,
        meta::summarize_conditions(machine, "Ready",
                                   {{"HostProvisioned", false, false}, {"BootstrapExecSucceeded", false, false}}),
        now);
  }

  // The binding may name the template as the user wrote it or the copy that the topology made of it.
  std::vector<std::string> template_names(const Json& intel_machine) const {
    std::vector<std::string> names{meta::annotation(intel_machine, kClonedFromName)};
    const ObjectPtr clone = templates_.get({meta::ns(intel_machine), names[0]});
    if (clone && !meta::annotation(*clone, kClonedFromName).empty())
      names.push_back(meta::annotation(*clone, kClonedFromName));
    return names;
  }

  HostDemand demand_of(const Json& machine) const {
    HostDemand demand{.air_gapped = false, .version = machine.text({"spec", "version"})};
    const ObjectPtr config =
        configs_.get({meta::ns(machine), machine.text({"spec", "bootstrap", "configRef", "name"})});
    if (config) demand.air_gapped = config->get({"spec", "agentConfig", "airGapped"}).bool_or(false);
    return demand;
  }

  Result<Outcome> bind(const Json& intel_machine, const Json& machine, const Json& cluster) {
    if (!cluster.get({"status", "initialization", "infrastructureProvisioned"}).bool_or(false))
      return wait(intel_machine, "WaitingForClusterInfrastructure",
                  fmt::format("cluster '{}' has no infrastructure yet", meta::name(cluster)));
    const ObjectPtr binding = choose_binding(bindings_.list(meta::ns(intel_machine)), intel_machine,
                                             meta::name(cluster), template_names(intel_machine));
    if (!binding)
      return wait(
          intel_machine, "WaitingForMachineBinding",
          fmt::format("no IntelMachineBinding names a host for cluster '{}'; create one with spec.clusterName '{}'",
                      meta::name(cluster), meta::name(cluster)));
    const std::string& guid = binding->text({"spec", "nodeGUID"});
    const ObjectPtr host = find_host(hosts_.list(meta::ns(intel_machine)), guid);
    if (!host)
      return wait(intel_machine, "HostNotFound",
                  fmt::format("binding '{}' names host '{}', which is not registered in this project",
                              meta::name(*binding), guid));
    if (const auto refusal = refuse_host(*host, intel_machine, demand_of(machine)))
      return wait(intel_machine, refusal->reason, refusal->message);
    return claim(intel_machine, machine, *binding, *host);
  }

  // Finalizer, claim on the host, binding, then the machine: each step finds the ones before it done after a crash.
  Result<Outcome> claim(const Json& intel_machine, const Json& machine, const Json& binding, const Json& host) {
    if (SLIPWAY_TRY(
            control::ensure_finalizer(manager_.client(), intel_machine, api::infrastructure::kHostCleanupFinalizer)))
      return Outcome::after(std::chrono::milliseconds(0));
    if (!is_claimed_by(host, intel_machine)) {
      Json claimed = host;
      claimed.at("spec").set("consumerRef", Json::object({{"apiVersion", intel_machine.text({"apiVersion"})},
                                                          {"kind", intel_machine.text({"kind"})},
                                                          {"namespace", meta::ns(intel_machine)},
                                                          {"name", meta::name(intel_machine)}}));
      meta::set_label(claimed, kClusterNameLabel, meta::label(intel_machine, kClusterNameLabel));
      // update() carries the resourceVersion: of two machines that want the host only one gets it.
      SLIPWAY_TRY(manager_.client()
                      .update(std::move(claimed))
                      .with_context(fmt::format("claiming host '{}'", meta::name(host))));
      base::crash_point("infra.host-claimed");
    }
    SLIPWAY_TRY(allocate(binding, intel_machine));
    SLIPWAY_TRY(skip_remediation(machine));
    base::crash_point("infra.binding-allocated");
    Json wanted = intel_machine;
    wanted.at("spec").set("providerID", provider_id(host));
    wanted.at("spec").set("nodeGUID",
                          host.text({"spec", "uuid"}).empty() ? meta::name(host) : host.text({"spec", "uuid"}));
    set_conditions(wanted, {"HostProvisioned", ConditionStatus::kTrue, "Ready", ""},
                   {"BootstrapExecSucceeded", ConditionStatus::kFalse, "BootstrapWaiting",
                    fmt::format("waiting for host '{}' to start", meta::name(host))});
    wanted.at("status").set("addresses", host.get({"status", "addresses"}));
    SLIPWAY_TRY(control::patch_object(manager_.client(), intel_machine, wanted));
    base::crash_point("infra.machine-bound");
    manager_.events().normal(intel_machine, "HostBound", fmt::format("runs on host '{}'", meta::name(host)));
    return Outcome::done();
  }

  Status allocate(const Json& binding, const Json& intel_machine) {
    Json wanted = binding;
    meta::set_owner_reference(wanted, intel_machine, true);
    wanted.at("status").set("allocated", true);
    SLIPWAY_TRY(control::patch_object(manager_.client(), binding, wanted));
    return {};
  }

  // A bound host is the only one there is: health checks must not replace its machine.
  Status skip_remediation(const Json& machine) {
    if (meta::annotation(machine, kSkipRemediation) == "true") return {};
    Json wanted = machine;
    meta::set_annotation(wanted, kSkipRemediation, "true");
    SLIPWAY_TRY(control::patch_object(manager_.client(), machine, wanted));
    return {};
  }

  ObjectPtr held_host(const Json& intel_machine) const {
    for (const ObjectPtr& host : hosts_.list(meta::ns(intel_machine)))
      if (is_claimed_by(*host, intel_machine)) return host;
    return nullptr;
  }

  // What the host's agent reports about this machine's bootstrap becomes the machine's status.
  Result<Outcome> mirror(const Json& intel_machine, const Json& cluster) {
    const ObjectPtr host = held_host(intel_machine);
    if (!host)
      return wait(intel_machine, "HostGone",
                  fmt::format("its host '{}' was deleted or given to another machine; delete the cluster",
                              intel_machine.text({"spec", "providerID"})));
    const Json& assignment = host->get({"status", "assignment"});
    const bool mine = assignment.text({"id"}) == meta::uid(intel_machine);
    const std::string phase = mine ? assignment.text({"phase"}) : "";
    meta::Condition bootstrap{"BootstrapExecSucceeded", ConditionStatus::kFalse, "BootstrapWaiting",
                              meta::is_condition_true(*host, "Connected")
                                  ? "waiting for bootstrap data"
                                  : fmt::format("host '{}' is not connected", meta::name(*host))};
    if (phase == "Succeeded") {
      bootstrap = {bootstrap.type, ConditionStatus::kTrue, "Ready", ""};
    } else if (phase == "Failed") {
      bootstrap.reason = "BootstrapFailed";
      bootstrap.message = fmt::format("host '{}', step '{}': {}", meta::name(*host), assignment.text({"step"}),
                                      assignment.text({"message"}));
    } else if (!phase.empty()) {
      bootstrap.reason = "Bootstrapping";
      // The first line is what holds the work up (a full disk); what follows is the output of the step.
      const std::string& message = assignment.text({"message"});
      const std::string trouble = message.substr(0, message.find('\n'));
      bootstrap.message = fmt::format("host '{}': {}{}{}", meta::name(*host), assignment.text({"step"}),
                                      trouble.empty() ? "" : ": ", trouble);
    }
    Json wanted = intel_machine;
    set_conditions(wanted, {"HostProvisioned", ConditionStatus::kTrue, "Ready", ""}, bootstrap);
    wanted.at("status").set("addresses", host->get({"status", "addresses"}));
    if (phase == "Succeeded") {
      wanted.at("status").set("ready", true);
      wanted.at({"status", "initialization"}).set("provisioned", true);
    }
    SLIPWAY_TRY(control::patch_object(manager_.client(), intel_machine, wanted));
    return record_steps(cluster, assignment, phase);
  }

  Result<Outcome> record_steps(const Json& cluster, const Json& assignment, const std::string& phase) {
    Json wanted = cluster;
    const auto now = manager_.clock().now();
    api::cluster::add_timeline_step(wanted, "hostBound", now);
    if (!phase.empty() && phase != "Pending")
      api::cluster::add_timeline_step(wanted, "bootstrapStarted",
                                      base::parse_rfc3339(assignment.text({"startedAt"})).value_or(now));
    if (phase == "Succeeded")
      api::cluster::add_timeline_step(wanted, "bootstrapFinished",
                                      base::parse_rfc3339(assignment.text({"finishedAt"})).value_or(now));
    SLIPWAY_TRY(control::patch_object(manager_.client(), cluster, wanted));
    return Outcome::done();
  }

  Result<Outcome> release(const Json& intel_machine) {
    if (!meta::has_finalizer(intel_machine, api::infrastructure::kHostCleanupFinalizer)) return Outcome::done();
    const ObjectPtr host = held_host(intel_machine);
    if (host) {
      const ObjectPtr cluster = clusters_.get({meta::ns(intel_machine), meta::label(intel_machine, kClusterNameLabel)});
      const std::string policy = cluster ? meta::annotation(*cluster, api::cluster::kDeletePolicyAnnotation) : "";
      const auto waited =
          manager_.clock().now() -
          base::parse_rfc3339(intel_machine.text({"metadata", "deletionTimestamp"})).value_or(manager_.clock().now());
      const Release decision = decide_release(*host, intel_machine, policy, waited >= options_.cleanup_limit);
      if (decision == Release::kWait) {
        SLIPWAY_TRY(wait(intel_machine, "Deleting",
                         fmt::format("host '{}' is being cleaned: {}", meta::name(*host),
                                     host->text({"status", "assignment", "step"}))));
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(options_.cleanup_limit - waited);
        return Outcome::after(std::max(left, std::chrono::milliseconds(100)));
      }
      SLIPWAY_TRY(let_go(intel_machine, *host, decision, policy));
    }
    SLIPWAY_TRY(control::drop_finalizer(manager_.client(), intel_machine, api::infrastructure::kHostCleanupFinalizer));
    return Outcome::done();
  }

  // The status goes first: after a crash between the two writes the host is still claimed and the pass is repeated.
  Status let_go(const Json& intel_machine, const Json& host, Release decision, const std::string& policy) {
    Json wanted = host;
    if (decision == Release::kCleanLater) {
      meta::set_condition(wanted,
                          {"Clean", ConditionStatus::kFalse, "CleanupPending",
                           fmt::format("holds parts of cluster '{}'; it is cleaned when its agent is connected",
                                       meta::label(intel_machine, kClusterNameLabel))},
                          manager_.clock().now());
      manager_.events().warning(host, "CleanupPending",
                                "released without clean-up; it is cleaned when its agent is connected");
    }
    if (decision == Release::kKeep)
      meta::set_annotation(wanted, api::inventory::kKeptClusterAnnotation,
                           meta::label(intel_machine, kClusterNameLabel));
    if (policy == "deauthorize") wanted.at("spec").set("authorized", false);
    ObjectPtr newest = SLIPWAY_TRY(control::patch_object(manager_.client(), host, wanted));
    base::crash_point("infra.release-recorded");
    Json released = *newest;
    released.at("spec").erase("consumerRef");
    released.at({"metadata", "labels"}).erase(kClusterNameLabel);
    SLIPWAY_TRY(control::patch_object(manager_.client(), *newest, released));
    base::crash_point("infra.host-released");
    return {};
  }

  control::Manager& manager_;
  InfraOptions options_;
  control::Informer &intel_machines_, &bindings_, &templates_, &hosts_, &machines_, &clusters_, &configs_;
};

}  // namespace

void add_intel_machine_controller(control::Manager& manager, InfraOptions options) {
  auto reconciler = std::make_shared<IntelMachineReconciler>(manager, std::move(options));
  const auto by_cluster_label = [reconciler](const Json& object) {
    return reconciler->machines_of_cluster(meta::ns(object), meta::label(object, kClusterNameLabel));
  };
  manager.add_controller({.name = "intelmachine",
                          .for_kind = api::infrastructure::kIntelMachine,
                          .watches = {{api::inventory::kHost,
                                       [reconciler](const Json& host) { return reconciler->machines_of_host(host); }},
                                      {api::infrastructure::kIntelMachineBinding,
                                       [reconciler](const Json& binding) {
                                         return reconciler->machines_of_cluster(meta::ns(binding),
                                                                                binding.text({"spec", "clusterName"}));
                                       }},
                                      {api::cluster::kCluster,
                                       [reconciler](const Json& cluster) {
                                         return reconciler->machines_of_cluster(meta::ns(cluster), meta::name(cluster));
                                       }},
                                      {api::cluster::kMachine, by_cluster_label},
                                      {api::bootstrap::kKThreesConfig, by_cluster_label}}},
                         [reconciler](const ObjectKey& key) { return reconciler->reconcile(key); });
}

}  // namespace slipway::providers::infra
