#include "providers/controlplane/kubeconfig_secret.h"

#include <fmt/core.h>

#include "api/cluster/cluster.h"
#include "api/cluster/workload_endpoint.h"
#include "base/crash_point.h"
#include "control/object_patch.h"
#include "data/encoding.h"
#include "pki/kubeconfig.h"
#include "providers/bootstrap/cluster_secrets.h"

namespace slipway::providers::controlplane {

using base::ErrorCode;
using base::Result;
using base::Status;
using data::Json;
using meta::ObjectKey;

namespace {

constexpr std::chrono::seconds kLifetime = std::chrono::hours(24) * 365;

std::string server_url(const Json& cluster) {
  const Json& endpoint = cluster.get({"spec", "controlPlaneEndpoint"});
  const std::string& host = endpoint.text({"host"});
  const bool is_ipv6 = host.find(':') != host.npos;
  return fmt::format("https://{}{}{}:{}", is_ipv6 ? "[" : "", host, is_ipv6 ? "]" : "", endpoint["port"].integer_or(0));
}

bool is_current(const Json& secret, const std::string& server, const std::string& server_name,
                const std::string& ca_pem, base::WallTime now) {
  const auto text = bootstrap::secret_value(secret, api::cluster::kSecretValueKey);
  if (!text) return false;
  const auto config = pki::parse_kubeconfig(*text);
  if (!config || config->server != server || config->tls_server_name != server_name || config->ca_pem != ca_pem)
    return false;
  const auto certificate = pki::read_certificate(config->client_certificate_pem);
  return certificate && certificate->not_after - now > kLifetime / 2;
}

}  // namespace

Status ensure_kubeconfig(control::Manager& manager, const Json& cluster, const Json& control_plane,
                         const pki::KeyAndCertificate& server_authority,
                         const pki::KeyAndCertificate& client_authority) {
  const ObjectKey cluster_key = meta::key_of(cluster);
  const ObjectKey key{cluster_key.ns, cluster_key.name + "-kubeconfig"};
  pki::Kubeconfig config{.server = server_url(cluster),
                         .tls_server_name = api::cluster::workload_server_name(cluster_key),
                         .ca_pem = server_authority.certificate_pem,
                         .cluster_name = cluster_key.name,
                         .user_name = cluster_key.name + "-admin"};
  const auto now = manager.clock().now();
  const auto present = manager.client().get(kube::kSecret, key);
  if (!present && present.error().code() != ErrorCode::kNotFound) return present.error();
  if (present) {
    const Json* owner = meta::controller_reference(**present);
    if (owner == nullptr || owner->text({"uid"}) != meta::uid(control_plane)) return {};
    if (is_current(**present, config.server, config.tls_server_name, config.ca_pem, now)) return {};
  }
  const auto issued = SLIPWAY_TRY(pki::issue(
      client_authority,
      {.subject = {"kubernetes-admin", {"system:masters"}}, .usage = pki::Usage::kClient, .lifetime = kLifetime},
      pki::KeyType::kEcP256, now));
  config.client_certificate_pem = issued.certificate_pem;
  config.client_key_pem = issued.key_pem;
  Json secret = present ? **present : bootstrap::make_cluster_secret(key, cluster_key.name, control_plane);
  secret.at("data").set(api::cluster::kSecretValueKey, data::base64_encode(pki::render_kubeconfig(config)));
  if (present) {
    SLIPWAY_TRY(manager.client().update(std::move(secret)));
  } else {
    SLIPWAY_TRY(control::create_or_get(manager.client(), std::move(secret)));
  }
  base::crash_point("controlplane.kubeconfig-created");
  return {};
}

}  // namespace slipway::providers::controlplane
