#pragma once

#include <chrono>
#include <span>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "pki/public_key.h"

// JSON Web Tokens in the compact form, signed (RFC 7519, 7515). Errors never hold any part of a token.
namespace slipway::pki {

// What a token says, before anybody has verified it.
struct UnverifiedJwt {
  SignatureAlgorithm algorithm = SignatureAlgorithm::kEs256;
  std::string key_id;  // "kid"; may be empty
  data::Json claims;
  std::string signed_text;
  std::string signature;
};

inline constexpr std::size_t kMaxJwtBytes = 32u << 10;

// kUnauthorized when the text is no token of this form, is longer than 32 KiB, is not signed (`alg: none`), is signed
// with an unknown algorithm, or has headers that must be understood ("crit").
base::Result<UnverifiedJwt> parse_jwt(std::string_view token);

// Whether one of `keys` made the signature: the keys with the token's key id, or all of them when it has none.
// `algorithms`: those that are accepted; empty: whatever fits the key.
enum class SignatureVerdict { kVerified, kUnknownKey, kWrong };
SignatureVerdict verify_jwt(const UnverifiedJwt& token, std::span<const PublicKey> keys,
                            std::span<const SignatureAlgorithm> algorithms = {});

// kUnauthorized unless `now` is before "exp" (which must be there), not before "nbf" and not before "iat", each with
// `leeway` for clocks that differ.
base::Status check_jwt_times(const data::Json& claims, base::WallTime now, std::chrono::seconds leeway);

// "aud" is a string or a list (RFC 7519, section 4.1.3).
std::vector<std::string> jwt_audiences(const data::Json& claims);

base::Result<std::string> sign_jwt(const SigningKey& key, const data::Json& claims);

}  // namespace slipway::pki
