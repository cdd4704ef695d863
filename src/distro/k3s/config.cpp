#include "distro/k3s/config.h"

#include <algorithm>

#include "data/yaml.h"

namespace slipway::distro::k3s {

using base::ErrorCode;
using base::Result;
using data::Json;

namespace {

constexpr std::string_view kCipherSuites =
    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,"
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,"
    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305,TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305,"
    "TLS_RSA_WITH_AES_128_GCM_SHA256,TLS_RSA_WITH_AES_256_GCM_SHA384";

void set_text(Json& config, std::string_view key, const Json& value) {
  if (!value.string_or_empty().empty()) config.set(key, value.string_or_empty());
}

void set_list(Json& config, std::string_view key, Json list) {
  if (!list.empty()) config.set(key, std::move(list));
}

// A list of the spec with further items behind it.
Json list_of(const Json& items, std::initializer_list<std::string> more = {}) {
  Json list = Json::array();
  for (const Json& item : items.items()) list.append(item);
  for (const std::string& item : more) list.append(item);
  return list;
}

// True when an argument list sets `name` itself, with or without leading dashes.
bool has_argument(const Json& args, std::string_view name) {
  return std::ranges::any_of(args.items(), [&](const Json& item) {
    std::string_view text = item.string_or_empty();
    while (text.starts_with('-')) text.remove_prefix(1);
    return text.starts_with(name) && (text.size() == name.size() || text[name.size()] == '=');
  });
}

// What the spec does not set itself. The API server would add both lists of ciphers up.
Json api_server_args(const Json& args) {
  Json list = list_of(args);
  if (!has_argument(args, "anonymous-auth")) list.append("anonymous-auth=true");
  if (!has_argument(args, "tls-cipher-suites")) list.append("tls-cipher-suites=" + std::string(kCipherSuites));
  return list;
}

Json component_args(const Json& args, const std::string& cloud_provider) {
  return cloud_provider.empty() ? list_of(args) : list_of(args, {"cloud-provider=" + cloud_provider});
}

Json server_names(const ConfigInput& input) {
  Json names = list_of(input.spec.get({"serverConfig", "tlsSan"}));
  std::vector<std::string> more{input.endpoint_host};
  more.insert(more.end(), input.server_names.begin(), input.server_names.end());
  for (const std::string& name : more)
    if (!name.empty() && std::ranges::find(names.items(), Json(name)) == names.items().end()) names.append(name);
  return names;
}

void add_server_keys(Json& config, const ConfigInput& input, const std::string& cloud_provider) {
  const Json& server = input.spec["serverConfig"];
  if (input.role == Role::kInitServer) config.set("cluster-init", true);
  if (server["disableCloudController"].bool_or(true)) config.set("disable-cloud-controller", true);
  set_list(config, "kube-apiserver-arg", api_server_args(server["kubeAPIServerArg"]));
  set_list(config, "kube-controller-manager-arg", component_args(server["kubeControllerManagerArgs"], cloud_provider));
  set_list(config, "kube-scheduler-arg", list_of(server["kubeSchedulerArgs"]));
  set_list(config, "tls-san", server_names(input));
  set_list(config, "disable", list_of(server["disableComponents"]));
  constexpr std::pair<std::string_view, std::string_view> kTexts[] = {
      {"bind-address", "bindAddress"},
      {"https-listen-port", "httpsListenPort"},
      {"advertise-address", "advertiseAddress"},
      {"advertise-port", "advertisePort"},
      {"cluster-cidr", "clusterCidr"},
      {"service-cidr", "serviceCidr"},
      {"cluster-dns", "clusterDNS"},
      {"cluster-domain", "clusterDomain"},
      {"system-default-registry", "systemDefaultRegistry"}};
  for (const auto& [key, field] : kTexts) set_text(config, key, server[field]);
}

}  // namespace

Result<Json> config(const ConfigInput& input) {
  Json config = Json::object();
  // cluster-api-k3s takes the name from serverConfig on agents, too.
  const std::string cloud_provider = input.spec.text({"serverConfig", "cloudProviderName"});
  if (input.role != Role::kInitServer) {
    if (!input.server_url.starts_with("https://"))
      return base::fail(ErrorCode::kInvalid, "a K3s that joins a cluster needs the https:// address of a server");
    config.set("server", input.server_url);
  }
  if (!input.token.empty()) config.set("token", input.token);
  if (input.role != Role::kAgent) add_server_keys(config, input, cloud_provider);
  const Json& agent = input.spec["agentConfig"];
  set_list(config, "kubelet-arg", component_args(agent["kubeletArgs"], cloud_provider));
  set_list(config, "node-label", list_of(agent["nodeLabels"]));
  set_list(config, "node-taint", list_of(agent["nodeTaints"]));
  set_list(config, "kube-proxy-arg", list_of(agent["kubeProxyArgs"]));
  set_text(config, "private-registry", agent["privateRegistry"]);
  set_text(config, "node-name", agent["nodeName"]);
  return config;
}

Result<std::string> render_config(const ConfigInput& input) {
  return data::to_yaml(SLIPWAY_TRY(config(input)));
}

std::string provider_id_drop_in(std::string_view provider_id) {
  Json arguments = Json::array();
  arguments.append("provider-id=" + std::string(provider_id));
  return data::to_yaml(Json::object({{"kubelet-arg+", std::move(arguments)}}));
}

}  // namespace slipway::distro::k3s
