#include "pki/kubeconfig.h"

#include "data/encoding.h"
#include "data/yaml.h"
#include "pki/kubeconfig_tree.h"

namespace slipway::pki {

using data::Json;

namespace {

std::string context_name(const Kubeconfig& config) {
  return config.context_name.empty() ? config.user_name + "@" + config.cluster_name : config.context_name;
}

Json render_cluster(const Kubeconfig& config) {
  Json cluster = Json::object({{"server", config.server}});
  if (!config.ca_pem.empty()) cluster.set("certificate-authority-data", data::base64_encode(config.ca_pem));
  if (!config.tls_server_name.empty()) cluster.set("tls-server-name", config.tls_server_name);
  if (config.insecure_skip_tls_verify) cluster.set("insecure-skip-tls-verify", true);
  return cluster;
}

Json render_user(const Kubeconfig& config) {
  Json user = Json::object();
  if (!config.client_certificate_pem.empty()) {
    user.set("client-certificate-data", data::base64_encode(config.client_certificate_pem));
    user.set("client-key-data", data::base64_encode(config.client_key_pem));
  }
  if (!config.token.empty()) user.set("token", config.token);
  return user;
}

}  // namespace

std::string render_kubeconfig(const Kubeconfig& config) {
  Json context = Json::object({{"cluster", config.cluster_name}, {"user", config.user_name}});
  if (!config.ns.empty()) context.set("namespace", config.ns);
  const std::string name = context_name(config);
  return data::to_yaml(Json::object({
      {"apiVersion", "v1"},
      {"kind", "Config"},
      {"preferences", Json::object()},
      {"current-context", name},
      {"clusters", Json::array({Json::object({{"name", config.cluster_name}, {"cluster", render_cluster(config)}})})},
      {"users", Json::array({Json::object({{"name", config.user_name}, {"user", render_user(config)}})})},
      {"contexts", Json::array({Json::object({{"name", name}, {"context", std::move(context)}})})},
  }));
}

base::Result<Kubeconfig> parse_kubeconfig(std::string_view text) {
  return resolve_kubeconfig(SLIPWAY_TRY(parse_kubeconfig_tree(text, ".")), KubeconfigTrust::kText);
}

}  // namespace slipway::pki
