#include "pki/jwt.h"

#include <algorithm>
#include <cmath>

#include "data/encoding.h"
#include "data/json_text.h"

namespace slipway::pki {

using base::ErrorCode;
using base::Result;
using base::Status;
using data::Json;

namespace {

constexpr std::size_t kMaxDepth = 16;
// Times beyond the year 9999 are mistakes.
constexpr double kMaxTime = 253402300800.0;

base::Error refused(const char* why) {
  return base::fail(ErrorCode::kUnauthorized, why);
}

Result<Json> json_part(std::string_view text) {
  const auto bytes = data::base64url_decode(text);
  if (!bytes) return refused("the token is not base64url text");
  auto value = data::parse_json(*bytes, {.max_bytes = kMaxJwtBytes, .max_depth = kMaxDepth});
  // The parser's words may repeat a part of the token.
  if (!value || !value->is_object()) return refused("the token holds no JSON object");
  return value;
}

// Seconds since 1970; absent is none.
Result<std::optional<base::WallTime>> time_claim(const Json& claims, std::string_view name) {
  const Json& value = claims[name];
  if (value.is_null()) return std::optional<base::WallTime>();
  const double seconds = value.number_or(-1);
  if (!value.is_number() || !std::isfinite(seconds) || seconds < 0 || seconds >= kMaxTime)
    return refused("the token holds a time that is none");
  return std::optional(base::WallTime(std::chrono::seconds(static_cast<std::int64_t>(seconds))));
}

}  // namespace

Result<UnverifiedJwt> parse_jwt(std::string_view token) {
  if (token.size() > kMaxJwtBytes) return refused("the token is too long");
  const std::size_t first = token.find('.');
  const std::size_t last = token.rfind('.');
  if (first == token.npos || first == last || token.find('.', first + 1) != last)
    return refused("the token is not of three parts");
  const Json header = SLIPWAY_TRY(json_part(token.substr(0, first)));
  if (header.contains("crit")) return refused("the token has critical headers, and none is supported");
  const auto algorithm = parse_algorithm(header.text({"alg"}));
  if (!algorithm) return refused("the token's signature algorithm is not supported");
  auto signature = data::base64url_decode(token.substr(last + 1));
  if (!signature || signature->empty()) return refused("the token has no signature");
  return UnverifiedJwt{.algorithm = *algorithm,
                       .key_id = header.text({"kid"}),
                       .claims = SLIPWAY_TRY(json_part(token.substr(first + 1, last - first - 1))),
                       .signed_text = std::string(token.substr(0, last)),
                       .signature = std::move(*signature)};
}

SignatureVerdict verify_jwt(const UnverifiedJwt& token, std::span<const PublicKey> keys,
                            std::span<const SignatureAlgorithm> algorithms) {
  if (!algorithms.empty() && std::ranges::find(algorithms, token.algorithm) == algorithms.end())
    return SignatureVerdict::kWrong;
  bool known = false;
  for (const PublicKey& key : keys) {
    if (!token.key_id.empty() && key.id() != token.key_id) continue;
    known = true;
    if (key.verify(token.algorithm, token.signed_text, token.signature)) return SignatureVerdict::kVerified;
  }
  return known ? SignatureVerdict::kWrong : SignatureVerdict::kUnknownKey;
}

Status check_jwt_times(const Json& claims, base::WallTime now, std::chrono::seconds leeway) {
  const auto expires = SLIPWAY_TRY(time_claim(claims, "exp"));
  const auto not_before = SLIPWAY_TRY(time_claim(claims, "nbf"));
  const auto issued = SLIPWAY_TRY(time_claim(claims, "iat"));
  if (!expires) return refused("the token never expires");
  if (now >= *expires + leeway) return refused("the token has expired");
  if (not_before && now + leeway < *not_before) return refused("the token is not valid yet");
  if (issued && now + leeway < *issued) return refused("the token was issued in the future");
  return {};
}

std::vector<std::string> jwt_audiences(const Json& claims) {
  std::vector<std::string> out;
  const Json& audiences = claims["aud"];
  if (audiences.is_string()) out.push_back(audiences.string_or_empty());
  for (const Json& audience : audiences.items())
    if (audience.is_string()) out.push_back(audience.string_or_empty());
  return out;
}

Result<std::string> sign_jwt(const SigningKey& key, const Json& claims) {
  const Json header = Json::object({{"alg", algorithm_name(key.algorithm())}, {"kid", key.public_key().id()}});
  std::string token =
      data::base64url_encode(data::to_json(header)) + '.' + data::base64url_encode(data::to_json(claims));
  const std::string signature = SLIPWAY_TRY(key.sign(token));
  return token + '.' + data::base64url_encode(signature);
}

}  // namespace slipway::pki
