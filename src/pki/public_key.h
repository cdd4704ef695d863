#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "data/json.h"

struct evp_pkey_st;

// Keys of JSON Web Signatures (RFC 7515, 7517, 7518): RSA and the NIST curves. Secrets shared by both sides (HS256) and
// `none` do not exist here.
namespace slipway::pki {

enum class SignatureAlgorithm { kRs256, kRs384, kRs512, kPs256, kPs384, kPs512, kEs256, kEs384, kEs512 };
std::string_view algorithm_name(SignatureAlgorithm algorithm);  // "ES256"
// kInvalid for every other name, also "none" and "HS256".
base::Result<SignatureAlgorithm> parse_algorithm(std::string_view name);

// A key that verifies. Copies share it; thread-safe.
class PublicKey {
 public:
  // A private key's PEM gives its public half.
  static base::Result<PublicKey> of_private_key(std::string_view key_pem);
  // One member of a JSON Web Key Set. kUnsupported for a kind, curve or use that verifies nothing here; kInvalid for a
  // broken or too weak one (RSA below 2048 or above 8192 bits, a point that is not on its curve).
  static base::Result<PublicKey> of_jwk(const data::Json& jwk);

  const std::string& id() const { return id_; }  // "kid"; "" when the set names none
  // The algorithm fits this kind of key, its curve, and what its "alg" allows.
  bool fits(SignatureAlgorithm algorithm) const;
  // `signature` in the form of RFC 7518 (for a curve: r and s one after the other).
  bool verify(SignatureAlgorithm algorithm, std::string_view text, std::string_view signature) const;
  // As a member of a JSON Web Key Set for signatures.
  base::Result<data::Json> jwk() const;

 private:
  explicit PublicKey(std::shared_ptr<evp_pkey_st> key) : key_(std::move(key)) {}
  std::shared_ptr<evp_pkey_st> key_;
  std::string id_;
  std::optional<SignatureAlgorithm> only_;
};

// The keys of {"keys": [...]} that can verify signatures; others are passed over (RFC 7517, section 5). kInvalid for
// another form, more than 100 keys, or a text above 1 MiB.
base::Result<std::vector<PublicKey>> parse_key_set(std::string_view text);

// Signs with ES256, ES384, ES512 (by the curve) or RS256.
class SigningKey {
 public:
  static base::Result<SigningKey> of_pem(std::string_view key_pem);
  SignatureAlgorithm algorithm() const { return algorithm_; }
  const PublicKey& public_key() const { return public_key_; }
  base::Result<std::string> sign(std::string_view text) const;

 private:
  SigningKey(std::shared_ptr<evp_pkey_st> key, SignatureAlgorithm algorithm, PublicKey public_key)
      : key_(std::move(key)), algorithm_(algorithm), public_key_(std::move(public_key)) {}
  std::shared_ptr<evp_pkey_st> key_;
  SignatureAlgorithm algorithm_;
  PublicKey public_key_;
};

}  // namespace slipway::pki
