#include "providers/infra/host_claim.h"

#include <algorithm>
#include <cctype>
#include <fmt/core.h>

#include "api/cluster/cluster.h"
#include "api/inventory/inventory.h"
#include "distro/compatibility.h"
#include "meta/conditions.h"

namespace slipway::providers::infra {

namespace {

bool equal_ignoring_case(std::string_view left, std::string_view right) {
  return std::ranges::equal(left, right,
                            [](unsigned char a, unsigned char b) { return std::tolower(a) == std::tolower(b); });
}

}  // namespace

bool is_claimed_by(const Json& host, const Json& machine) {
  const Json& consumer = host.get({"spec", "consumerRef"});
  return consumer.text({"kind"}) == machine.text({"kind"}) && consumer.text({"name"}) == meta::name(machine);
}

std::string provider_id(const Json& host) {
  return fmt::format("slipway://{}/{}", meta::ns(host), meta::name(host));
}

std::optional<Refusal> refuse_host(const Json& host, const Json& machine, const HostDemand& demand) {
  if (is_claimed_by(host, machine)) return std::nullopt;
  const std::string& name = meta::name(host);
  const std::string& phase = host.text({"status", "phase"});
  if (!host.get({"spec", "authorized"}).bool_or(true))
    return Refusal{
        "HostDeauthorized",
        fmt::format("host '{0}' is deauthorized; authorize it and enrol it again: slipway host authorize {0}", name)};
  if (const std::string& consumer = host.text({"spec", "consumerRef", "name"}); !consumer.empty())
    return Refusal{"HostInUse",
                   fmt::format("host '{}' is in use by {} '{}'; choose another host or delete that cluster", name,
                               host.text({"spec", "consumerRef", "kind"}), consumer)};
  if (phase.empty() || phase == "Registered")
    return Refusal{"HostNotOnboarded",
                   fmt::format("host '{}' has not enrolled yet; start slipway-agent on it with its join token", name)};
  if (const std::string& kept = meta::annotation(host, api::inventory::kKeptClusterAnnotation); !kept.empty())
    return Refusal{"HostKeepsCluster", fmt::format("host '{}' still runs the Kubernetes of the deleted cluster '{}'; "
                                                   "remove its annotation {} to have it cleaned",
                                                   name, kept, api::inventory::kKeptClusterAnnotation)};
  if (phase != "Provisioned" && phase != "InUse")
    return Refusal{
        "HostNotProvisioned",
        fmt::format("host '{}' is {}; it can be used once its agent has reported its operating system", name, phase)};
  if (meta::is_condition_false(host, "Clean"))
    return Refusal{
        "HostNotClean",
        fmt::format("host '{}' still holds parts of an earlier cluster and is cleaned when it is connected ({})", name,
                    meta::find_condition(host, "Clean").text({"message"}))};
  if (!demand.air_gapped) return std::nullopt;
  const Json& kubernetes = host.get({"status", "kubernetes"});
  if (!kubernetes["embedded"].bool_or(false))
    return Refusal{"HostWithoutKubernetes", fmt::format("the cluster is air-gapped, but host '{}' reports no embedded "
                                                        "K3s; use an image with K3s, or a template that downloads it",
                                                        name)};
  const auto fits = distro::check_compatibility(
      {.distribution = "k3s", .version = demand.version},
      {.distribution = kubernetes.text({"distribution"}), .version = kubernetes.text({"version"}), .embedded = true});
  if (!fits.compatible)
    return Refusal{"IncompatibleKubernetesVersion", fmt::format("host '{}': {}", name, fits.reason)};
  return std::nullopt;
}

ObjectPtr choose_binding(const std::vector<ObjectPtr>& bindings, const Json& machine, std::string_view cluster_name,
                         const std::vector<std::string>& template_names) {
  std::vector<ObjectPtr> fitting;
  for (const ObjectPtr& binding : bindings) {
    if (meta::ns(*binding) != meta::ns(machine) || binding->text({"spec", "clusterName"}) != cluster_name) continue;
    if (std::ranges::find(template_names, binding->text({"spec", "intelMachineTemplateName"})) == template_names.end())
      continue;
    const Json* owner = meta::controller_reference(*binding);
    if (owner != nullptr && owner->text({"uid"}) == meta::uid(machine)) return binding;
    if (!binding->get({"status", "allocated"}).bool_or(false) && !meta::is_deleting(*binding))
      fitting.push_back(binding);
  }
  const auto first =
      std::ranges::min_element(fitting, {}, [](const ObjectPtr& binding) { return meta::name(*binding); });
  return first == fitting.end() ? nullptr : *first;
}

ObjectPtr find_host(const std::vector<ObjectPtr>& hosts, std::string_view node_guid) {
  ObjectPtr by_name;
  for (const ObjectPtr& host : hosts) {
    if (equal_ignoring_case(host->text({"spec", "uuid"}), node_guid)) return host;
    if (meta::name(*host) == node_guid) by_name = host;
  }
  return by_name;
}

Release decide_release(const Json& host, const Json& machine, std::string_view delete_policy, bool time_is_up) {
  if (delete_policy == "keep") return Release::kKeep;
  const Json& assignment = host.get({"status", "assignment"});
  const bool mine = assignment.text({"id"}) == meta::uid(machine);
  // southbound writes the assignment down before it sends it, so a host without it has never been touched by it.
  const bool proven = mine ? assignment.text({"phase"}) == "Clean" : !meta::is_condition_false(host, "Clean");
  if (proven) return Release::kClean;
  if (!meta::is_condition_true(host, "Connected") || time_is_up) return Release::kCleanLater;
  return Release::kWait;
}

}  // namespace slipway::providers::infra
