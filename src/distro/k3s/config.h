#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "data/json.h"

// /etc/rancher/k3s/config.yaml from a KThreesConfig spec. Pure functions.
namespace slipway::distro::k3s {

enum class Role {
  kInitServer,  // the first server: starts the cluster
  kServer,      // joins an existing control plane
  kAgent,
};

struct ConfigInput {
  const data::Json& spec;  // KThreesConfigSpec
  Role role = Role::kInitServer;
  std::string token;                      // secret
  std::string server_url;                 // https://host:port of the cluster to join; not for kInitServer
  std::string endpoint_host;              // Cluster.spec.controlPlaneEndpoint.host
  std::vector<std::string> server_names;  // further names for the serving certificate
};

// The configuration as an object, with the keys and their order of lists as cluster-api-k3s writes them. Empty values
// are left out; a nil disableCloudController counts as true. Two deviations: names in tls-san are not repeated, and an
// argument of the API server that the spec sets (tls-cipher-suites) has no default added to it.
// kInvalid when a joining role has no server URL.
base::Result<data::Json> config(const ConfigInput& input);

// Its text for config.yaml, mode 0640: sorted keys, strings that look like numbers quoted.
base::Result<std::string> render_config(const ConfigInput& input);

// A drop-in below config.yaml.d that makes the kubelet register its Node with this provider id. It appends to the
// arguments of the main file.
inline constexpr std::string_view kProviderIdDropIn = "/etc/rancher/k3s/config.yaml.d/90-provider-id.yaml";
std::string provider_id_drop_in(std::string_view provider_id);

}  // namespace slipway::distro::k3s
