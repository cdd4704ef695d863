#include "inventory/join_token.h"

#include <fmt/core.h>

#include "api/inventory/inventory.h"
#include "data/encoding.h"
#include "kube/client.h"
#include "meta/object.h"
#include "pki/certificate.h"

namespace slipway::inventory {

using base::ErrorCode;
using base::Status;

namespace {

std::string base32(std::string_view bytes) {
  static constexpr std::string_view kAlphabet = "abcdefghijklmnopqrstuvwxyz234567";
  std::string text;
  unsigned buffer = 0, bits = 0;
  for (const char c : bytes) {
    buffer = (buffer << 8 | static_cast<unsigned char>(c)) & 0xfffff;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += kAlphabet[buffer >> bits & 31];
    }
  }
  return text;
}

std::string value_of(const Json& secret, std::string_view key) {
  return data::base64_decode(secret.text({"data", key})).value_or("");
}

Status refuse(std::string reason) {
  return Status(ErrorCode::kUnauthorized, std::move(reason));
}

}  // namespace

std::string join_token_secret_name(std::string_view host_name) {
  return std::string(host_name) + std::string(api::inventory::kJoinTokenSecretSuffix);
}

JoinToken make_join_token(const Json& host, std::chrono::seconds lifetime, const base::Clock& clock,
                          base::Random& random) {
  JoinToken token;
  token.text = "swj_" + base32(random.bytes(20));
  token.expires_at = base::format_rfc3339(clock.now() + lifetime);
  token.secret = meta::make_object(kube::kSecret, {meta::ns(host), join_token_secret_name(meta::name(host))});
  meta::set_owner_reference(token.secret, host, true);
  token.secret.set("type", api::inventory::kJoinTokenSecretType);
  token.secret.set(
      "data",
      Json::object({{std::string(api::inventory::kTokenHashKey), data::base64_encode(pki::sha256_hex(token.text))},
                    {std::string(api::inventory::kExpiresAtKey), data::base64_encode(token.expires_at)}}));
  return token;
}

Status check_join_token(const Json& secret, std::string_view token, std::string_view key_fingerprint,
                        base::WallTime now) {
  const std::string hash = value_of(secret, api::inventory::kTokenHashKey);
  if (secret.text({"type"}) != api::inventory::kJoinTokenSecretType || hash.empty())
    return refuse("its join token Secret is damaged; make a new one: slipway host token");
  if (!pki::equal_secret(hash, pki::sha256_hex(token))) return refuse("the join token is wrong");
  const auto expires = base::parse_rfc3339(value_of(secret, api::inventory::kExpiresAtKey));
  if (!expires) return refuse("its join token Secret is damaged; make a new one: slipway host token");
  if (now >= *expires)
    return refuse(fmt::format("the join token expired at {}; make a new one: slipway host token",
                              base::format_rfc3339(*expires)));
  const std::string used_by = value_of(secret, api::inventory::kUsedByKey);
  if (!used_by.empty() && used_by != key_fingerprint)
    return refuse("the join token was used already by another key; make a new one: slipway host token");
  return {};
}

Json mark_join_token_used(Json secret, std::string_view key_fingerprint) {
  secret.at("data").set(api::inventory::kUsedByKey, data::base64_encode(key_fingerprint));
  return secret;
}

}  // namespace slipway::inventory
