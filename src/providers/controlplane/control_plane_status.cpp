#include "providers/controlplane/control_plane_status.h"

#include <algorithm>
#include <fmt/core.h>
#include <map>

#include "api/cluster/cluster.h"
#include "api/controlplane/controlplane.h"
#include "data/kubernetes_version.h"
#include "meta/conditions.h"

namespace slipway::providers::controlplane {

using meta::Condition;
using meta::ConditionStatus;

namespace condition = api::controlplane::condition;
namespace core = api::cluster::condition;
namespace core_reason = api::cluster::reason;

namespace {

struct Counts {
  std::int64_t wanted = 1, machines = 0, ready = 0, up_to_date = 0, deleting = 0;
};

Counts count(const Json& control_plane, const Observation& observation) {
  Counts counts;
  counts.wanted = control_plane.get({"spec", "replicas"}).integer_or(1);
  for (const ObjectPtr& machine : observation.machines) {
    ++counts.machines;
    if (meta::is_deleting(*machine)) ++counts.deleting;
    if (!observation.outdated.contains(meta::name(*machine))) ++counts.up_to_date;
    const std::string& provider_id = machine->text({"spec", "providerID"});
    if (!provider_id.empty() && is_node_ready(find_node(observation.nodes, provider_id))) ++counts.ready;
  }
  return counts;
}

Json versions_of(const Observation& observation) {
  std::map<std::string, std::int64_t> replicas;
  for (const ObjectPtr& machine : observation.machines)
    if (const std::string& version = machine->text({"spec", "version"}); !version.empty()) ++replicas[version];
  // Oldest first; what cannot be understood counts as older than everything.
  std::vector<std::pair<std::string, std::int64_t>> sorted(replicas.begin(), replicas.end());
  std::ranges::sort(sorted, {}, [](const auto& entry) {
    return data::KubernetesVersion::parse(entry.first).value_or(data::KubernetesVersion{});
  });
  Json versions = Json::array();
  for (const auto& [version, number] : sorted)
    versions.append(Json::object({{"version", version}, {"replicas", number}}));
  return versions;
}

std::string machines_message(const Observation& observation) {
  std::string message;
  for (const ObjectPtr& machine : observation.machines) {
    if (meta::is_condition_true(*machine, core::kReady)) continue;
    const Json& ready = meta::find_condition(*machine, core::kReady);
    message += fmt::format("{}* Machine {}: {}", message.empty() ? "" : "\n", meta::name(*machine),
                           ready.text({"message"}).empty() ? "not ready yet" : ready.text({"message"}));
  }
  return message;
}

class StatusWriter {
 public:
  StatusWriter(Json& wanted, const Observation& observation, base::WallTime now)
      : wanted_(wanted), observation_(observation), now_(now), counts_(count(wanted, observation)) {}

  void write() {
    write_fields();
    write_certificates();
    write_health();
    write_movement();
    meta::set_condition(wanted_,
                        meta::summarize_conditions(wanted_, condition::kReady,
                                                   {{std::string(condition::kCertificatesAvailable)},
                                                    {std::string(condition::kResized)},
                                                    {std::string(condition::kMachinesReady)},
                                                    {std::string(condition::kAvailable)},
                                                    {std::string(condition::kMachinesSpecUpToDate)}}),
                        now_);
  }

 private:
  bool is_initialized() const {
    return wanted_.get({"status", "initialization", "controlPlaneInitialized"}).bool_or(false);
  }

  // A Machine knows its providerID only after its bootstrap; until then any server Node is taken for its own, as there
  // is one server.
  bool has_server() const {
    return std::ranges::any_of(observation_.machines, [this](const ObjectPtr& machine) {
      const std::string& provider_id = machine->text({"spec", "providerID"});
      return std::ranges::any_of(observation_.nodes.items(), [&provider_id](const Json& node) {
        const std::string& own = node.text({"spec", "providerID"});
        return is_control_plane_node(node) && (provider_id.empty() || own.empty() || own == provider_id);
      });
    });
  }

  void write_fields() {
    Json& status = wanted_.at("status");
    status.set("observedGeneration", meta::generation(wanted_));
    status.set("selector",
               fmt::format("{}={},{}", api::cluster::kClusterNameLabel,
                           meta::label(wanted_, api::cluster::kClusterNameLabel), api::cluster::kControlPlaneLabel));
    status.set("replicas", counts_.machines);
    status.set("readyReplicas", counts_.ready);
    status.set("availableReplicas", counts_.ready);
    status.set("upToDateReplicas", counts_.up_to_date);
    status.set("updatedReplicas", counts_.up_to_date);
    status.set("unavailableReplicas", std::max<std::int64_t>(counts_.machines - counts_.ready, 0));
    if (observation_.api_answers && has_server()) status.at("initialization").set("controlPlaneInitialized", true);
    status.set("initialized", is_initialized());
    // A control plane without a version is one that is still being provisioned (Cluster API's contract).
    if (is_initialized() && counts_.machines > 0) {
      const Json versions = versions_of(observation_);
      if (!versions.empty()) status.set("version", versions.items()[0]["version"]);
      status.set("versions", versions);
    }
    status.set("ready", status["ready"].bool_or(false) || counts_.ready > 0);
  }

  void write_certificates() {
    if (observation_.has_certificates) {
      set(condition::kCertificatesAvailable, ConditionStatus::kTrue, "Available", "");
      set(condition::kTokenAvailable, ConditionStatus::kTrue, "Available", "");
    } else {
      set(condition::kCertificatesAvailable, ConditionStatus::kFalse, "CertificatesGenerationFailed",
          observation_.certificates_problem);
      set(condition::kTokenAvailable, ConditionStatus::kUnknown, "NotYetReported", "");
    }
  }

  void write_health() {
    const std::string not_answering =
        observation_.api_problem.empty() ? "the server has not started yet" : observation_.api_problem;
    set(condition::kInitialized, is_initialized() ? ConditionStatus::kTrue : ConditionStatus::kFalse,
        std::string(is_initialized() ? core_reason::kInitialized : core_reason::kNotInitialized),
        is_initialized() ? "" : not_answering);
    if (counts_.ready > 0) {
      set(condition::kAvailable, ConditionStatus::kTrue, std::string(core_reason::kAvailable), "");
    } else if (!observation_.problem.empty()) {
      set(condition::kAvailable, ConditionStatus::kFalse, std::string(core_reason::kNotAvailable),
          observation_.problem);
    } else {
      set(condition::kAvailable, ConditionStatus::kFalse, std::string(core_reason::kNotAvailable),
          observation_.api_answers ? "no control-plane Node is Ready yet" : not_answering);
    }
    if (!is_initialized()) {
      set(condition::kControlPlaneComponentsHealthy, ConditionStatus::kUnknown,
          std::string(api::controlplane::reason::kWaitingForKthreesServer), "");
    } else if (observation_.api_answers) {
      set(condition::kControlPlaneComponentsHealthy, ConditionStatus::kTrue, "Healthy", "");
    } else {
      set(condition::kControlPlaneComponentsHealthy, ConditionStatus::kUnknown,
          std::string(api::controlplane::reason::kControlPlaneComponentsUnknown), not_answering);
    }
    if (counts_.machines == 0) {
      set(condition::kMachinesReady, ConditionStatus::kTrue, std::string(core_reason::kNoReplicas), "");
      return;
    }
    const std::string message = machines_message(observation_);
    set(condition::kMachinesReady, message.empty() ? ConditionStatus::kTrue : ConditionStatus::kFalse,
        std::string(message.empty() ? core_reason::kReady : core_reason::kNotReady), message);
  }

  void write_movement() {
    const bool deleting = meta::is_deleting(wanted_);
    const bool up = !deleting && counts_.machines - counts_.deleting < counts_.wanted;
    const bool down = deleting ? counts_.machines > 0 : counts_.machines - counts_.deleting > counts_.wanted;
    set(core::kScalingUp, up ? ConditionStatus::kTrue : ConditionStatus::kFalse,
        std::string(up ? core_reason::kScalingUp : core_reason::kNotScalingUp), up ? scaling_up_message() : "");
    set(core::kScalingDown, down, down ? core_reason::kScalingDown : core_reason::kNotScalingDown);
    set(core::kDeleting, deleting ? ConditionStatus::kTrue : ConditionStatus::kFalse,
        std::string(deleting ? core_reason::kDeleting : core_reason::kNotDeleting), observation_.deletion);
    // The one server runs on the one host: there is nothing to roll to, so a difference is reported and left alone.
    set(core::kRollingOut, false, core_reason::kNotRollingOut);
    set(core::kRemediating, false, core_reason::kNotRemediating);
    set(core::kPaused, false, core_reason::kNotPaused);
    const std::string differences = outdated_message();
    set(condition::kMachinesSpecUpToDate, differences.empty() ? ConditionStatus::kTrue : ConditionStatus::kFalse,
        std::string(differences.empty() ? core_reason::kUpToDate : core_reason::kNotUpToDate), differences);
    set(condition::kResized, up || down ? ConditionStatus::kFalse : ConditionStatus::kTrue,
        std::string(deleting ? core_reason::kDeleting
                    : up     ? core_reason::kScalingUp
                    : down   ? core_reason::kScalingDown
                             : "Resized"),
        up ? observation_.problem : "");
  }

  std::string scaling_up_message() const {
    const std::string step = fmt::format("Scaling up from {} to {} replicas", counts_.machines, counts_.wanted);
    return observation_.problem.empty() ? step : step + " is blocked: " + observation_.problem;
  }

  std::string outdated_message() const {
    std::string message;
    for (const auto& [machine, reasons] : observation_.outdated)
      for (const std::string& reason : reasons) message += fmt::format("* Machine {}: {}\n", machine, reason);
    if (!message.empty())
      message += "A running server is not replaced: take the change back, or delete the cluster and create it anew";
    return message;
  }

  void set(std::string_view type, ConditionStatus status, std::string reason, std::string message) {
    meta::set_condition(wanted_, {std::string(type), status, std::move(reason), std::move(message)}, now_);
  }
  void set(std::string_view type, bool status, std::string_view reason) {
    set(type, status ? ConditionStatus::kTrue : ConditionStatus::kFalse, std::string(reason), "");
  }

  Json& wanted_;
  const Observation& observation_;
  base::WallTime now_;
  Counts counts_;
};

}  // namespace

const Json& find_node(const Json& nodes, std::string_view provider_id) {
  static const Json none;
  for (const Json& node : nodes.items())
    if (node.text({"spec", "providerID"}) == provider_id) return node;
  return none;
}

bool is_node_ready(const Json& node) {
  return meta::is_condition_true(node, core::kReady);
}

bool is_control_plane_node(const Json& node) {
  return node.get({"metadata", "labels"}).contains("node-role.kubernetes.io/control-plane");
}

void set_status(Json& wanted, const Observation& observation, base::WallTime now) {
  StatusWriter(wanted, observation, now).write();
}

}  // namespace slipway::providers::controlplane
