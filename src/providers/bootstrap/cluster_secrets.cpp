#include "providers/bootstrap/cluster_secrets.h"

#include <fmt/core.h>

#include "api/cluster/cluster.h"
#include "control/object_patch.h"
#include "data/encoding.h"

namespace slipway::providers::bootstrap {

using base::ErrorCode;
using base::fail;
using base::Result;

namespace {

constexpr std::chrono::seconds kAuthorityLifetime = std::chrono::hours(24) * 3650;
constexpr const char* kCertificateKey = "tls.crt";
constexpr const char* kPrivateKeyKey = "tls.key";

ObjectKey secret_key(const ObjectKey& cluster, std::string_view purpose) {
  return {cluster.ns, fmt::format("{}-{}", cluster.name, purpose)};
}

Result<pki::KeyAndCertificate> pair_of(const Json& secret) {
  pki::KeyAndCertificate pair;
  pair.certificate_pem = SLIPWAY_TRY(secret_value(secret, kCertificateKey));
  pair.key_pem = SLIPWAY_TRY(secret_value(secret, kPrivateKeyKey));
  if (const auto fits = pki::check_pair(pair); !fits) return fail(ErrorCode::kCorrupt, fits.error().message());
  return pair;
}

std::string secret_context(const ObjectKey& key) {
  return fmt::format("Secret '{}'", key.text());
}

Result<pki::KeyAndCertificate> read_authority(control::Manager& manager, const ObjectKey& key) {
  const auto secret = SLIPWAY_TRY(manager.client().get(kube::kSecret, key));
  return pair_of(*secret).with_context(secret_context(key));
}

Result<pki::KeyAndCertificate> ensure_authority(control::Manager& manager, const ObjectKey& cluster,
                                                std::string_view purpose, const Json& owner) {
  const ObjectKey key = secret_key(cluster, purpose);
  auto present = read_authority(manager, key);
  if (present || present.error().code() != ErrorCode::kNotFound) return present;
  const auto made =
      SLIPWAY_TRY(pki::create_ca({"kubernetes", {}}, pki::KeyType::kEcP256, kAuthorityLifetime, manager.clock().now()));
  Json secret = make_cluster_secret(key, cluster.name, owner);
  secret.set("data", Json::object({{kCertificateKey, data::base64_encode(made.certificate_pem)},
                                   {kPrivateKeyKey, data::base64_encode(made.key_pem)}}));
  // Whoever was first wins: what is stored is used, not what was made here.
  const auto stored = SLIPWAY_TRY(control::create_or_get(manager.client(), std::move(secret)));
  return pair_of(*stored).with_context(secret_context(key));
}

}  // namespace

Json make_cluster_secret(const ObjectKey& key, std::string_view cluster_name, const Json& owner) {
  Json secret = meta::make_object(kube::kSecret, key);
  meta::set_label(secret, api::cluster::kClusterNameLabel, cluster_name);
  meta::set_owner_reference(secret, owner, true);
  secret.set("type", api::cluster::kSecretType);
  return secret;
}

Result<std::string> secret_value(const Json& secret, std::string_view key) {
  const Json& value = secret.get({"data", key});
  if (!value.is_string()) return fail(ErrorCode::kNotFound, fmt::format("key '{}' is missing", key));
  auto bytes = data::base64_decode(value.string_or_empty());
  if (!bytes) return fail(ErrorCode::kCorrupt, fmt::format("key '{}' is not valid base64", key));
  return bytes;
}

Result<ClusterAuthorities> ensure_authorities(control::Manager& manager, const ObjectKey& cluster, const Json& owner) {
  ClusterAuthorities authorities;
  authorities.server = SLIPWAY_TRY(ensure_authority(manager, cluster, "ca", owner));
  authorities.client = SLIPWAY_TRY(ensure_authority(manager, cluster, "cca", owner));
  authorities.etcd = SLIPWAY_TRY(ensure_authority(manager, cluster, "etcd", owner));
  return authorities;
}

Result<ClusterAuthorities> read_authorities(control::Manager& manager, const ObjectKey& cluster) {
  ClusterAuthorities authorities;
  authorities.server = SLIPWAY_TRY(read_authority(manager, secret_key(cluster, "ca")));
  authorities.client = SLIPWAY_TRY(read_authority(manager, secret_key(cluster, "cca")));
  authorities.etcd = SLIPWAY_TRY(read_authority(manager, secret_key(cluster, "etcd")));
  return authorities;
}

Result<std::string> read_token(control::Manager& manager, const ObjectKey& cluster) {
  const ObjectKey key = secret_key(cluster, "token");
  const auto secret = SLIPWAY_TRY(manager.client().get(kube::kSecret, key));
  return secret_value(*secret, api::cluster::kSecretValueKey).with_context(secret_context(key));
}

Result<std::string> ensure_token(control::Manager& manager, const ObjectKey& cluster, const Json& owner) {
  auto present = read_token(manager, cluster);
  if (present || present.error().code() != ErrorCode::kNotFound) return present;
  constexpr std::size_t kTokenBytes = 16;
  const ObjectKey key = secret_key(cluster, "token");
  Json secret = make_cluster_secret(key, cluster.name, owner);
  secret.at("data").set(api::cluster::kSecretValueKey, data::base64_encode(manager.random().hex(kTokenBytes)));
  const auto stored = SLIPWAY_TRY(control::create_or_get(manager.client(), std::move(secret)));
  return secret_value(*stored, api::cluster::kSecretValueKey).with_context(secret_context(key));
}

}  // namespace slipway::providers::bootstrap
