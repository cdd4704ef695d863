#include "daemon/cluster_authority.h"

#include <fmt/core.h>

#include "control/object_patch.h"
#include "daemon/certificate_authority.h"
#include "data/encoding.h"

namespace slipway::daemon {

using base::ErrorCode;
using base::Result;
using base::Status;
using data::Json;

namespace {

Result<pki::KeyAndCertificate> read_secret(const Json& secret) {
  auto certificate = data::base64_decode(secret.text({"data", "tls.crt"}));
  auto key = data::base64_decode(secret.text({"data", "tls.key"}));
  pki::KeyAndCertificate pair{.certificate_pem = certificate.value_or(""), .key_pem = key.value_or("")};
  if (const Status fits = pki::check_pair(pair); !fits)
    return base::fail(ErrorCode::kCorrupt, fmt::format("Secret {} holds no authority ({}); restore it from a backup",
                                                       meta::key_of(secret).text(), fits.error().message()));
  return pair;
}

// Immutable: an edit by mistake is refused by the API server.
Result<meta::ObjectPtr> create_secret(kube::Client& client, const meta::ObjectKey& key, base::WallTime now) {
  const pki::KeyAndCertificate made = SLIPWAY_TRY(make_authority(now));
  Json secret = meta::make_object(kube::kSecret, key);
  secret.set("type", "kubernetes.io/tls");
  secret.set("immutable", true);
  secret.set("data", Json::object({{"tls.crt", data::base64_encode(made.certificate_pem)},
                                   {"tls.key", data::base64_encode(made.key_pem)}}));
  // Of two replicas one makes it; both use what is there then.
  return control::create_or_get(client, std::move(secret));
}

}  // namespace

Result<pki::KeyAndCertificate> load_or_create_cluster_authority(kube::Client& client, const std::string& ns,
                                                                base::WallTime now) {
  const meta::ObjectKey key{ns, std::string(kAuthorityName)};
  Result<meta::ObjectPtr> secret = client.get(kube::kSecret, key);
  const Result<meta::ObjectPtr> published = client.get(kube::kConfigMap, key);
  if (!published && published.error().code() != ErrorCode::kNotFound) return published.error();
  if (!secret && secret.error().code() == ErrorCode::kNotFound) {
    if (published)
      return base::fail(
          ErrorCode::kCorrupt,
          fmt::format(
              "Secret {} is gone, and with it the key of the authority that every agent trusts; restore it from "
              "a backup (or delete ConfigMap {} to begin with a new one: every host must enrol again then)",
              key.text(), key.text()));
    secret = create_secret(client, key, now);
  }
  if (!secret) return std::move(secret.error()).with_context("the certificate authority");
  pki::KeyAndCertificate authority = SLIPWAY_TRY(read_secret(**secret));
  if (published) return authority;
  Json config_map = meta::make_object(kube::kConfigMap, key);
  config_map.set("data", Json::object({{"ca.crt", authority.certificate_pem}}));
  SLIPWAY_TRY(control::create_or_get(client, std::move(config_map)).with_context("the certificate authority"));
  return authority;
}

}  // namespace slipway::daemon
