#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "meta/object.h"

// What the core may know of a provider's kinds: Cluster API's contract, and nothing else of their fields.
namespace slipway::cluster {

using data::Json;
using meta::Gvk;

// Kinds of one provider, by role. The version is the one to read and write; references in the v1beta2 API name only
// group and kind.
struct ProviderKinds {
  std::vector<Gvk> infrastructure_clusters;
  std::vector<Gvk> infrastructure_machines;
  std::vector<Gvk> infrastructure_machine_templates;
  std::vector<Gvk> bootstrap_configs;
  std::vector<Gvk> control_planes;
  std::vector<Gvk> topology_templates;  // those a ClusterClass refers to, all roles
};
// Everything this program provides.
const ProviderKinds& known_provider_kinds();

// {apiGroup, kind, name} to a kind and version that is served; kInvalid names the reference and the kinds that are
// known in its group. An apiVersion (v1beta1 style) is read, too.
base::Result<Gvk> resolve_reference(const Json& reference);
bool is_set(const Json& reference);

// "IntelClusterTemplate" makes "IntelCluster".
Gvk object_kind_of_template(const Gvk& template_kind);

// Readers that accept the v1beta1 and the v1beta2 contract.
bool infrastructure_provisioned(const Json& infrastructure);
bool bootstrap_data_created(const Json& config);
bool control_plane_initialized(const Json& control_plane);
Json control_plane_endpoint(const Json& object);  // {host, port}, or null when it is not complete
// Where a control plane keeps the reference to its machines' infrastructure template. A path because the contracts
// differ: v1beta1 machineTemplate.infrastructureRef (with apiVersion), v1beta2 machineTemplate.spec.infrastructureRef.
std::vector<std::string_view> machine_template_path(const Gvk& control_plane);

Json make_reference(const Gvk& gvk, std::string_view name);                                 // {apiGroup, kind, name}
Json make_versioned_reference(const Gvk& gvk, std::string_view ns, std::string_view name);  // v1beta1 style

}  // namespace slipway::cluster
