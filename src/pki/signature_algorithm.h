#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "pki/public_key.h"

// The algorithms of RFC 7518, section 3, over OpenSSL. Internal to pki.
namespace slipway::pki {

struct Curve {
  const char* jwk_name;      // "P-256"
  const char* openssl_name;  // "prime256v1"
  std::size_t coordinate_bytes;
  SignatureAlgorithm algorithm;
};
const Curve* find_curve(std::string_view jwk_name);
// Null when the key is of no curve that signs.
const Curve* curve_of(evp_pkey_st* key);

bool fits_key(SignatureAlgorithm algorithm, evp_pkey_st* key);
bool verify_signature(SignatureAlgorithm algorithm, evp_pkey_st* key, std::string_view text,
                      std::string_view signature);
base::Result<std::string> make_signature(SignatureAlgorithm algorithm, evp_pkey_st* key, std::string_view text);

}  // namespace slipway::pki
