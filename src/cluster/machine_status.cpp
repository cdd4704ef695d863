#include "cluster/machine_status.h"

#include <algorithm>
#include <fmt/core.h>

#include "api/cluster/cluster.h"
#include "cluster/aggregate_conditions.h"
#include "cluster/pausing.h"
#include "cluster/provider_contract.h"

namespace slipway::cluster {

using base::ErrorCode;
using meta::Condition;
using meta::ConditionStatus;
namespace words = api::cluster;

namespace {

Condition make(std::string_view type, ConditionStatus status, std::string_view reason, std::string message = "") {
  return {std::string(type), status, std::string(reason), std::move(message)};
}

bool initialized(const Json& machine, std::string_view what) {
  return machine.get({"status", "initialization", what}).bool_or(false);
}

Condition missing_object(const Json& machine, std::string_view type, const std::string& kind, bool was_there) {
  if (meta::is_deleting(machine))
    return make(type, ConditionStatus::kFalse, words::reason::kObjectDeleted, kind + " has been deleted");
  if (was_there)
    return make(type, ConditionStatus::kFalse, words::reason::kObjectDeleted,
                kind + " has been deleted while the Machine still exists");
  return make(type, ConditionStatus::kFalse, words::reason::kObjectDoesNotExist, kind + " does not exist");
}

Condition bootstrap_ready(const Json& machine, const MachineObservation& seen) {
  constexpr std::string_view kType = words::condition::kBootstrapConfigReady;
  const Json& reference = machine.get({"spec", "bootstrap", "configRef"});
  const bool has_data = !machine.text({"spec", "bootstrap", "dataSecretName"}).empty();
  if (!is_set(reference))
    return has_data ? make(kType, ConditionStatus::kTrue, words::reason::kDataSecretProvided)
                    : make(kType, ConditionStatus::kFalse, words::reason::kObjectDoesNotExist,
                           "spec.bootstrap has neither configRef nor dataSecretName");
  const std::string& kind = reference.text({"kind"});
  if (!seen.bootstrap) {
    // The configuration has done its work once the data is there.
    if (has_data && !meta::is_deleting(machine)) return make(kType, ConditionStatus::kTrue, words::reason::kReady);
    return missing_object(machine, kType, kind, has_data);
  }
  const bool ready = bootstrap_data_created(*seen.bootstrap);
  return mirror_condition(*seen.bootstrap, words::condition::kReady, kType,
                          make(kType, status_of(ready), ready ? words::reason::kReady : words::reason::kNotReady,
                               ready ? "" : fmt::format("{} status.initialization.dataSecretCreated is false", kind)));
}

Condition infrastructure_ready(const Json& machine, const MachineObservation& seen) {
  constexpr std::string_view kType = words::condition::kInfrastructureReady;
  const std::string& kind = machine.text({"spec", "infrastructureRef", "kind"});
  if (!seen.infrastructure)
    return missing_object(machine, kType, kind, initialized(machine, "infrastructureProvisioned"));
  const bool ready = infrastructure_provisioned(*seen.infrastructure);
  return mirror_condition(*seen.infrastructure, words::condition::kReady, kType,
                          make(kType, status_of(ready), ready ? words::reason::kReady : words::reason::kNotReady,
                               ready ? "" : fmt::format("{} status.initialization.provisioned is false", kind)));
}

const Json* node_condition(const Json& node, std::string_view type) {
  for (const Json& condition : node.get({"status", "conditions"}).items())
    if (condition.text({"type"}) == type) return &condition;
  return nullptr;
}

// Why nothing can be said about the Node, if so.
std::optional<std::pair<std::string_view, std::string>> no_node(const Json& machine, const MachineObservation& seen) {
  if (seen.node && seen.node->has_value()) return std::nullopt;
  if (!seen.node) {
    if (meta::is_deleting(machine)) return std::pair{words::reason::kNodeDoesNotExist, "The Machine is being deleted"};
    if (seen.cluster && !seen.cluster->get({"status", "initialization", "infrastructureProvisioned"}).bool_or(false))
      return std::pair{words::reason::kWaitingForClusterInfrastructureReady,
                       "Waiting for Cluster status.initialization.infrastructureProvisioned to be true"};
    const std::string kind = machine.text({"spec", "infrastructureRef", "kind"});
    return std::pair{words::reason::kInspectionFailed,
                     fmt::format("Waiting for {} to report spec.providerID", kind.empty() ? "infrastructure" : kind)};
  }
  const base::Error& error = seen.node->error();
  if (error.code() != ErrorCode::kNotFound)
    return std::pair{words::reason::kInspectionFailed, "The workload cluster does not answer: " + error.message()};
  const std::string& node = machine.text({"status", "nodeRef", "name"});
  if (!node.empty())
    return std::pair{words::reason::kNodeDeleted,
                     fmt::format("Node {} has been deleted while the Machine still exists", node)};
  return std::pair{words::reason::kNodeDoesNotExist, fmt::format("Waiting for a Node with spec.providerID {} to exist",
                                                                 machine.text({"spec", "providerID"}))};
}

ConditionStatus status_without_node(std::string_view reason) {
  return reason == words::reason::kNodeDeleted ? ConditionStatus::kFalse : ConditionStatus::kUnknown;
}

Condition node_ready(const Json& machine, const MachineObservation& seen) {
  constexpr std::string_view kType = words::condition::kNodeReady;
  if (const auto why = no_node(machine, seen))
    return make(kType, status_without_node(why->first), why->first, why->second);
  const Json* ready = node_condition(**seen.node, "Ready");
  if (ready == nullptr)
    return make(kType, ConditionStatus::kUnknown, words::reason::kNodeReadyUnknown,
                "* Node.Ready: Condition not yet reported");
  const std::string& status = ready->text({"status"});
  const std::string message = status == "True" ? "" : "* Node.Ready: " + ready->text({"message"});
  if (status == "True") return make(kType, ConditionStatus::kTrue, words::reason::kNodeReady);
  if (status == "False") return make(kType, ConditionStatus::kFalse, words::reason::kNodeNotReady, message);
  return make(kType, ConditionStatus::kUnknown, words::reason::kNodeReadyUnknown, message);
}

// Ready, and none of the pressures.
Condition node_healthy(const Json& machine, const MachineObservation& seen) {
  constexpr std::string_view kType = words::condition::kNodeHealthy;
  if (const auto why = no_node(machine, seen))
    return make(kType, status_without_node(why->first), why->first, why->second);
  std::string issues, unknowns;
  for (const std::string_view type : {"Ready", "MemoryPressure", "DiskPressure", "PIDPressure"}) {
    const Json* condition = node_condition(**seen.node, type);
    const std::string status = condition != nullptr ? condition->text({"status"}) : "";
    const bool good = status == (type == "Ready" ? "True" : "False");
    if (good) continue;
    const std::string line = fmt::format(
        "* Node.{}: {}\n", type, condition != nullptr ? condition->text({"message"}) : "Condition not yet reported");
    (status == "True" || status == "False" ? issues : unknowns) += line;
  }
  std::string message = issues + unknowns;
  if (message.empty()) return make(kType, ConditionStatus::kTrue, words::reason::kNodeHealthy);
  message.pop_back();
  return issues.empty() ? make(kType, ConditionStatus::kUnknown, words::reason::kNodeHealthyUnknown, message)
                        : make(kType, ConditionStatus::kFalse, words::reason::kNodeNotHealthy, message);
}

Condition summary(const Json& machine, const MachineObservation& seen) {
  namespace type = words::condition;
  std::vector<meta::SummaryInput> inputs{
      {std::string(type::kDeleting), true},       {std::string(type::kUpdating), true, true},
      {std::string(type::kBootstrapConfigReady)}, {std::string(type::kInfrastructureReady)},
      {std::string(type::kNodeHealthy)},          {std::string(type::kHealthCheckSucceeded), false, true}};
  for (const Json& gate : machine.get({"spec", "readinessGates"}).items())
    inputs.push_back({gate.text({"conditionType"}), gate.text({"polarity"}) == "Negative"});
  Condition result = meta::summarize_conditions(machine, type::kReady, inputs);
  result.reason = result.status == ConditionStatus::kTrue    ? words::reason::kReady
                  : result.status == ConditionStatus::kFalse ? words::reason::kNotReady
                                                             : words::reason::kReadyUnknown;
  if (result.status == ConditionStatus::kTrue) result.message.clear();
  if (seen.deletion) result.message = "* Deleting: " + seen.deletion->message;
  return result;
}

Condition available(const Json& machine, base::WallTime now) {
  constexpr std::string_view kType = words::condition::kAvailable;
  const Json& ready = meta::find_condition(machine, words::condition::kReady);
  if (ready.text({"status"}) != "True")
    return make(kType, ConditionStatus::kFalse, words::reason::kNotReady, ready.text({"message"}));
  const std::chrono::seconds needed(machine.get({"spec", "minReadySeconds"}).integer_or(0));
  const auto since = base::parse_rfc3339(ready.text({"lastTransitionTime"}));
  if (since.has_value() && *since + needed > now)
    return make(kType, ConditionStatus::kFalse, words::reason::kWaitingForMinReadySeconds,
                fmt::format("Ready for less than {} s", needed.count()));
  return make(kType, ConditionStatus::kTrue, words::reason::kAvailable);
}

// Of control-plane Machines the provider decides; until it has said anything, the version is what can be compared.
void set_up_to_date(Json& machine, const MachineObservation& seen, base::WallTime now) {
  constexpr std::string_view kType = words::condition::kUpToDate;
  const bool provider_says = machine.get({"metadata", "labels"}).contains(words::kControlPlaneLabel);
  if (provider_says && !meta::find_condition(machine, kType).is_null() &&
      meta::find_condition(machine, kType).text({"reason"}) != words::reason::kNotYetReported)
    return;
  if (provider_says || !seen.node || !seen.node->has_value()) {
    meta::set_condition(
        machine,
        make(kType, ConditionStatus::kUnknown, words::reason::kNotYetReported, "Condition UpToDate not yet reported"),
        now);
    return;
  }
  const std::string& wanted = machine.text({"spec", "version"});
  const std::string& actual = (**seen.node).text({"status", "nodeInfo", "kubeletVersion"});
  if (wanted.empty() || wanted == actual)
    meta::set_condition(machine, make(kType, ConditionStatus::kTrue, words::reason::kUpToDate), now);
  else
    meta::set_condition(machine,
                        make(kType, ConditionStatus::kFalse, words::reason::kUpdating,
                             fmt::format("* Node.status.nodeInfo.kubeletVersion {}, {} required", actual, wanted)),
                        now);
}

void set_conditions(Json& machine, const MachineObservation& seen, base::WallTime now) {
  namespace type = words::condition;
  const auto set = [&](const Condition& condition) { meta::set_condition(machine, condition, now); };
  for (const std::string_view first : {type::kAvailable, type::kReady})
    if (meta::find_condition(machine, first).is_null())
      set(make(first, ConditionStatus::kUnknown, words::reason::kNotYetReported));
  set_up_to_date(machine, seen, now);
  set(bootstrap_ready(machine, seen));
  set(infrastructure_ready(machine, seen));
  set(node_ready(machine, seen));
  set(node_healthy(machine, seen));
  set(make(type::kUpdating, ConditionStatus::kFalse, words::reason::kNotUpdating));
  set(seen.deletion ? make(type::kDeleting, ConditionStatus::kTrue, seen.deletion->reason, seen.deletion->message)
                    : make(type::kDeleting, ConditionStatus::kFalse, words::reason::kNotDeleting));
  set(make(type::kPaused, ConditionStatus::kFalse, words::reason::kNotPaused));
  set(summary(machine, seen));
  set(available(machine, now));
}

void take_over_bootstrap(Json& machine, const ObjectPtr& bootstrap) {
  const Json& spec = machine.get({"spec", "bootstrap"});
  if (bootstrap && bootstrap_data_created(*bootstrap) && spec.text({"dataSecretName"}).empty())
    if (const std::string& name = bootstrap->text({"status", "dataSecretName"}); !name.empty())
      machine.at({"spec", "bootstrap"}).set("dataSecretName", name);
  if (!machine.text({"spec", "bootstrap", "dataSecretName"}).empty())
    machine.at({"status", "initialization"}).set("bootstrapDataSecretCreated", true);
}

void take_over_infrastructure(Json& machine, const ObjectPtr& infrastructure) {
  if (!infrastructure) return;
  if (const std::string& id = infrastructure->text({"spec", "providerID"}); !id.empty())
    machine.at("spec").set("providerID", id);
  if (const Json& addresses = infrastructure->get({"status", "addresses"}); addresses.is_array())
    machine.at("status").set("addresses", addresses);
  if (const Json& domain = infrastructure->get({"status", "failureDomain"}); domain.is_string())
    machine.at("status").set("failureDomain", domain);
  if (infrastructure_provisioned(*infrastructure) && !machine.text({"spec", "providerID"}).empty())
    machine.at({"status", "initialization"}).set("infrastructureProvisioned", true);
}

void take_over_node(Json& machine, const MachineObservation& seen) {
  if (!seen.node || !seen.node->has_value()) return;
  const Json& node = **seen.node;
  machine.at({"status", "nodeRef"}).set("name", meta::name(node));
  if (const Json& info = node.get({"status", "nodeInfo"}); info.is_object()) machine.at("status").set("nodeInfo", info);
}

void set_phase(Json& machine) {
  std::string_view phase = words::phase::kPending;
  if (initialized(machine, "bootstrapDataSecretCreated")) phase = words::phase::kProvisioning;
  if (initialized(machine, "infrastructureProvisioned")) phase = words::phase::kProvisioned;
  if (!machine.text({"status", "nodeRef", "name"}).empty() && initialized(machine, "infrastructureProvisioned"))
    phase = words::phase::kRunning;
  if (meta::is_deleting(machine)) phase = words::phase::kDeleting;
  machine.at("status").set("phase", phase);
}

}  // namespace

void update_machine_status(Json& machine, const MachineObservation& seen, base::WallTime now) {
  machine.at("status").set("observedGeneration", meta::generation(machine));
  if (!meta::is_deleting(machine)) {
    take_over_bootstrap(machine, seen.bootstrap);
    take_over_infrastructure(machine, seen.infrastructure);
    take_over_node(machine, seen);
  }
  set_phase(machine);
  set_conditions(machine, seen, now);
}

bool node_is_ready(const MachineObservation& seen) {
  if (!seen.node || !seen.node->has_value()) return false;
  const Json* ready = node_condition(**seen.node, "Ready");
  return ready != nullptr && ready->text({"status"}) == "True";
}

}  // namespace slipway::cluster
