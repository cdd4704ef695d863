#include "providers/controlplane/machine_currency.h"

#include <fmt/core.h>

#include "api/cluster/cluster.h"
#include "meta/object.h"

namespace slipway::providers::controlplane {

using meta::ConditionStatus;

namespace {

// A KThreesConfigSpec without what is equal by meaning: the version comes from the Machine, and nothing is nothing
// whether it is absent, null or empty. Comparing the raw values would call such a pair different for ever.
Json normalized(const Json& value) {
  if (!value.is_object()) return value;
  Json result = Json::object();
  for (const auto& [key, member] : value.members()) {
    Json inner = normalized(member);
    const bool is_nothing =
        inner.is_null() || ((inner.is_object() || inner.is_array() || inner.is_string()) && inner.empty());
    if (!is_nothing) result.set(key, std::move(inner));
  }
  return result;
}

Json normalized_config(const Json& spec) {
  Json result = normalized(spec);
  if (!result.is_object()) result = Json::object();
  result.erase("version");
  return result;
}

}  // namespace

std::vector<std::string> outdated_reasons(const Json& control_plane, const Json& machine, const Json& config,
                                          const Json& infra_machine) {
  std::vector<std::string> reasons;
  const std::string& wanted = control_plane.text({"spec", "version"});
  if (const std::string& version = machine.text({"spec", "version"}); version != wanted)
    reasons.push_back(fmt::format("Version {}, {} required", version, wanted));
  if (!config.is_null() &&
      !(normalized_config(config["spec"]) == normalized_config(control_plane.get({"spec", "kthreesConfigSpec"}))))
    reasons.push_back(fmt::format("KThreesConfig {} differs from spec.kthreesConfigSpec", meta::name(config)));
  if (!infra_machine.is_null()) {
    const std::string& source = meta::annotation(infra_machine, api::cluster::kClonedFromNameAnnotation);
    const Json& reference = control_plane.get({"spec", "machineTemplate", "infrastructureRef"});
    if (!source.empty() && source != reference.text({"name"}))
      reasons.push_back(fmt::format("{} {} was made from {}, {} required", infra_machine.text({"kind"}),
                                    meta::name(infra_machine), source, reference.text({"name"})));
  }
  return reasons;
}

meta::Condition up_to_date_condition(const std::vector<std::string>& reasons) {
  meta::Condition condition{std::string(api::cluster::condition::kUpToDate), ConditionStatus::kTrue,
                            std::string(api::cluster::reason::kUpToDate), ""};
  if (reasons.empty()) return condition;
  condition.status = ConditionStatus::kFalse;
  condition.reason = api::cluster::reason::kNotUpToDate;
  for (const std::string& reason : reasons) condition.message += (condition.message.empty() ? "* " : "\n* ") + reason;
  return condition;
}

}  // namespace slipway::providers::controlplane
