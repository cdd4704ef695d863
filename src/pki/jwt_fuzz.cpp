#include <cstddef>
#include <cstdint>
#include <string_view>

#include "pki/jwt.h"

// Input: a token, a newline, a JSON Web Key Set; the second may be missing. Reading both must end, in bounds; what no
// key verifies is never verified, and every key that was read can be written and read again.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace slipway;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t newline = text.find('\n');
  const auto token = pki::parse_jwt(text.substr(0, newline));
  std::vector<pki::PublicKey> keys;
  if (newline != text.npos) {
    auto set = pki::parse_key_set(text.substr(newline + 1));
    if (set) keys = std::move(*set);
  }
  // What was read can be written, and is the same key then. OpenSSL tests an RSA modulus with random bases: a wrong one
  // may be refused the second time.
  for (const pki::PublicKey& key : keys) {
    const auto jwk = key.jwk();
    if (!jwk) __builtin_trap();
    const auto again = pki::PublicKey::of_jwk(*jwk);
    if (!again && (*jwk)["kty"].string_or_empty() != "RSA") __builtin_trap();
    if (again && !(again->jwk().value() == *jwk)) __builtin_trap();
  }
  if (!token) return 0;
  if (!token->claims.is_object() || token->signature.empty()) __builtin_trap();
  if (pki::verify_jwt(*token, {}) == pki::SignatureVerdict::kVerified) __builtin_trap();
  (void)pki::verify_jwt(*token, keys);
  (void)pki::check_jwt_times(token->claims, base::WallTime(std::chrono::seconds(1'700'000'000)),
                             std::chrono::seconds(60));
  (void)pki::jwt_audiences(token->claims);
  return 0;
}
