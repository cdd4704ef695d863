#include "cluster/provider_contract.h"

#include <fmt/core.h>

#include "api/bootstrap/bootstrap.h"
#include "api/controlplane/controlplane.h"
#include "api/infrastructure/infrastructure.h"

namespace slipway::cluster {

using base::ErrorCode;
using base::Result;

const ProviderKinds& known_provider_kinds() {
  static const ProviderKinds kinds{
      .infrastructure_clusters = {api::infrastructure::kIntelCluster},
      .infrastructure_machines = {api::infrastructure::kIntelMachine},
      .infrastructure_machine_templates = {api::infrastructure::kIntelMachineTemplate},
      .bootstrap_configs = {api::bootstrap::kKThreesConfig},
      .control_planes = {api::controlplane::kKThreesControlPlane},
      .topology_templates = {api::infrastructure::kIntelClusterTemplate, api::infrastructure::kIntelMachineTemplate,
                             api::controlplane::kKThreesControlPlaneTemplate},
  };
  return kinds;
}

bool is_set(const Json& reference) {
  return !reference.text({"kind"}).empty() && !reference.text({"name"}).empty();
}

Result<Gvk> resolve_reference(const Json& reference) {
  const std::string& kind = reference.text({"kind"});
  std::string group = reference.text({"apiGroup"});
  if (group.empty()) group = meta::parse_api_version(reference.text({"apiVersion"})).group;
  const ProviderKinds& known = known_provider_kinds();
  std::string in_group;
  for (const auto* kinds :
       {&known.infrastructure_clusters, &known.infrastructure_machines, &known.infrastructure_machine_templates,
        &known.bootstrap_configs, &known.control_planes, &known.topology_templates}) {
    for (const Gvk& candidate : *kinds) {
      if (candidate.group != group) continue;
      if (candidate.kind == kind) return candidate;
      if (in_group.find(candidate.kind) == std::string::npos)
        in_group += (in_group.empty() ? "" : ", ") + candidate.kind;
    }
  }
  return base::fail(ErrorCode::kInvalid,
                    fmt::format("reference to {} \"{}\": no provider here has kind {} in group \"{}\" (it has: {})",
                                kind, reference.text({"name"}), kind, group, in_group.empty() ? "none" : in_group));
}

Gvk object_kind_of_template(const Gvk& template_kind) {
  constexpr std::string_view kSuffix = "Template";
  Gvk result = template_kind;
  if (result.kind.ends_with(kSuffix)) result.kind.resize(result.kind.size() - kSuffix.size());
  return result;
}

bool infrastructure_provisioned(const Json& infrastructure) {
  return infrastructure.get({"status", "initialization", "provisioned"})
      .bool_or(infrastructure.get({"status", "ready"}).bool_or(false));
}

bool bootstrap_data_created(const Json& config) {
  return config.get({"status", "initialization", "dataSecretCreated"})
      .bool_or(config.get({"status", "ready"}).bool_or(false));
}

bool control_plane_initialized(const Json& control_plane) {
  return control_plane.get({"status", "initialization", "controlPlaneInitialized"})
      .bool_or(control_plane.get({"status", "initialized"}).bool_or(false));
}

Json control_plane_endpoint(const Json& object) {
  const Json& endpoint = object.get({"spec", "controlPlaneEndpoint"});
  if (endpoint.text({"host"}).empty() || endpoint["port"].integer_or(0) <= 0) return {};
  return Json::object({{"host", endpoint["host"]}, {"port", endpoint["port"]}});
}

std::vector<std::string_view> machine_template_path(const Gvk& control_plane) {
  if (control_plane == api::controlplane::kKThreesControlPlane) return {"machineTemplate", "infrastructureRef"};
  return {"machineTemplate", "spec", "infrastructureRef"};
}

Json make_reference(const Gvk& gvk, std::string_view name) {
  return Json::object({{"apiGroup", gvk.group}, {"kind", gvk.kind}, {"name", name}});
}

Json make_versioned_reference(const Gvk& gvk, std::string_view ns, std::string_view name) {
  return Json::object({{"apiVersion", gvk.api_version()}, {"kind", gvk.kind}, {"namespace", ns}, {"name", name}});
}

}  // namespace slipway::cluster
