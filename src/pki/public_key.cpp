#include "pki/public_key.h"

#include <algorithm>
#include <array>
#include <fmt/core.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/x509.h>

#include "data/encoding.h"
#include "data/json_text.h"
#include "pki/certificate.h"
#include "pki/openssl_handles.h"
#include "pki/signature_algorithm.h"

namespace slipway::pki {

using base::ErrorCode;
using base::fail;
using base::Result;
using data::Json;

namespace {

constexpr std::size_t kMaxKeySetBytes = 1u << 20;
constexpr std::size_t kMaxKeys = 100;
constexpr std::size_t kMaxNumberBytes = 1024;  // of RSA with 8192 bits
constexpr int kMinRsaBits = 2048, kMaxRsaBits = 8192;

struct NumberDeleter {
  void operator()(BIGNUM* number) const { BN_free(number); }
};
using Number = std::unique_ptr<BIGNUM, NumberDeleter>;

struct ParameterDeleter {
  void operator()(OSSL_PARAM_BLD* builder) const { OSSL_PARAM_BLD_free(builder); }
  void operator()(OSSL_PARAM* parameters) const { OSSL_PARAM_free(parameters); }
  void operator()(EVP_PKEY_CTX* context) const { EVP_PKEY_CTX_free(context); }
};

// A base64url number or coordinate of a JWK.
Result<std::string> bytes_of(const Json& jwk, std::string_view member) {
  auto bytes = data::base64url_decode(jwk[member].string_or_empty());
  if (!bytes || bytes->empty() || bytes->size() > kMaxNumberBytes)
    return fail(ErrorCode::kInvalid, fmt::format("the key has no usable \"{}\"", member));
  return bytes;
}

Number number_of(std::string_view bytes) {
  return Number(
      BN_bin2bn(reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()), nullptr));
}

Result<KeyHandle> key_from(const char* type, OSSL_PARAM_BLD* builder) {
  const std::unique_ptr<OSSL_PARAM, ParameterDeleter> parameters(OSSL_PARAM_BLD_to_param(builder));
  const std::unique_ptr<EVP_PKEY_CTX, ParameterDeleter> context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
  EVP_PKEY* key = nullptr;
  if (!parameters || !context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, parameters.get()) != 1)
    return fail(ErrorCode::kInvalid, fmt::format("the key is not usable: {}", openssl_reason()));
  KeyHandle handle(key);
  const std::unique_ptr<EVP_PKEY_CTX, ParameterDeleter> check(EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr));
  if (!check || EVP_PKEY_public_check_quick(check.get()) != 1)
    return fail(ErrorCode::kInvalid, fmt::format("the key is not sound: {}", openssl_reason()));
  return handle;
}

Result<KeyHandle> rsa_key(const Json& jwk) {
  const std::string modulus = SLIPWAY_TRY(bytes_of(jwk, "n"));
  const std::string exponent = SLIPWAY_TRY(bytes_of(jwk, "e"));
  const Number n = number_of(modulus), e = number_of(exponent);
  if (!n || !e || BN_num_bits(n.get()) < kMinRsaBits || BN_num_bits(n.get()) > kMaxRsaBits || !BN_is_odd(n.get()))
    return fail(ErrorCode::kInvalid, "the RSA key is not of 2048 to 8192 bits");
  if (BN_num_bits(e.get()) < 2 || BN_num_bits(e.get()) > 32 || !BN_is_odd(e.get()))
    return fail(ErrorCode::kInvalid, "the exponent of the RSA key is not usable");
  const std::unique_ptr<OSSL_PARAM_BLD, ParameterDeleter> builder(OSSL_PARAM_BLD_new());
  OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get());
  OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get());
  return key_from("RSA", builder.get());
}

Result<KeyHandle> curve_key(const Json& jwk) {
  const Curve* const curve = find_curve(jwk.text({"crv"}));
  if (curve == nullptr) return fail(ErrorCode::kUnsupported, "the key's curve is none of P-256, P-384, P-521");
  const std::string x = SLIPWAY_TRY(bytes_of(jwk, "x"));
  const std::string y = SLIPWAY_TRY(bytes_of(jwk, "y"));
  if (x.size() != curve->coordinate_bytes || y.size() != curve->coordinate_bytes)
    return fail(ErrorCode::kInvalid, fmt::format("the coordinates of the key are not those of {}", curve->jwk_name));
  const std::string point = '\x04' + x + y;
  const std::unique_ptr<OSSL_PARAM_BLD, ParameterDeleter> builder(OSSL_PARAM_BLD_new());
  OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, curve->openssl_name, 0);
  OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size());
  return key_from("EC", builder.get());
}

Result<std::string> number_text(evp_pkey_st* key, const char* name, std::size_t width) {
  BIGNUM* raw = nullptr;
  if (EVP_PKEY_get_bn_param(key, name, &raw) != 1) return openssl_error("cannot read the public key");
  const Number number(raw);
  const std::size_t size = std::max<std::size_t>(width, static_cast<std::size_t>(BN_num_bytes(number.get())));
  std::string bytes(size, '\0');
  BN_bn2binpad(number.get(), reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(size));
  return data::base64url_encode(bytes);
}

// As kube-apiserver names its keys: base64url of the SHA-256 of the DER SubjectPublicKeyInfo.
std::string id_of(evp_pkey_st* key) {
  unsigned char* der = nullptr;
  const int size = i2d_PUBKEY(key, &der);
  if (size <= 0) return {};
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned length = 0;
  EVP_Digest(der, static_cast<std::size_t>(size), digest.data(), &length, EVP_sha256(), nullptr);
  OPENSSL_free(der);
  return data::base64url_encode({reinterpret_cast<const char*>(digest.data()), length});
}

// The public half alone, so that a key for verifying holds no secret.
Result<KeyHandle> public_half(evp_pkey_st* key) {
  unsigned char* der = nullptr;
  const int size = i2d_PUBKEY(key, &der);
  if (size <= 0) return openssl_error("cannot read the public key");
  const unsigned char* at = der;
  KeyHandle half(d2i_PUBKEY(nullptr, &at, size));
  OPENSSL_free(der);
  if (!half) return openssl_error("cannot read the public key");
  return half;
}

}  // namespace

Result<PublicKey> PublicKey::of_private_key(std::string_view pem) {
  const KeyHandle key = SLIPWAY_TRY(parse_key(pem));
  KeyHandle half = SLIPWAY_TRY(public_half(key.get()));
  PublicKey result(std::shared_ptr<evp_pkey_st>(std::move(half)));
  result.id_ = id_of(result.key_.get());
  return result;
}

Result<PublicKey> PublicKey::of_jwk(const Json& jwk) {
  if (!jwk.is_object()) return fail(ErrorCode::kInvalid, "the key is no JSON object");
  if (const std::string& use = jwk.text({"use"}); !use.empty() && use != "sig")
    return fail(ErrorCode::kUnsupported, "the key is not for signatures");
  const std::string& type = jwk.text({"kty"});
  if (type != "RSA" && type != "EC") return fail(ErrorCode::kUnsupported, "the key is neither RSA nor EC");
  std::optional<SignatureAlgorithm> only;
  if (const std::string& name = jwk.text({"alg"}); !name.empty()) {
    auto algorithm = parse_algorithm(name);
    if (!algorithm) return fail(ErrorCode::kUnsupported, "the key is for an algorithm that is not supported");
    only = *algorithm;
  }
  KeyHandle key = type == "RSA" ? SLIPWAY_TRY(rsa_key(jwk)) : SLIPWAY_TRY(curve_key(jwk));
  PublicKey result(std::shared_ptr<evp_pkey_st>(std::move(key)));
  result.id_ = jwk.text({"kid"});
  result.only_ = only;
  return result;
}

bool PublicKey::fits(SignatureAlgorithm algorithm) const {
  if (only_ && *only_ != algorithm) return false;
  return fits_key(algorithm, key_.get());
}

bool PublicKey::verify(SignatureAlgorithm algorithm, std::string_view text, std::string_view signature) const {
  return fits(algorithm) && verify_signature(algorithm, key_.get(), text, signature);
}

Result<Json> PublicKey::jwk() const {
  Json out = Json::object({{"use", "sig"}, {"kid", id_}});
  if (const Curve* const curve = curve_of(key_.get())) {
    out.set("kty", "EC");
    out.set("crv", curve->jwk_name);
    out.set("alg", algorithm_name(curve->algorithm));
    out.set("x", SLIPWAY_TRY(number_text(key_.get(), OSSL_PKEY_PARAM_EC_PUB_X, curve->coordinate_bytes)));
    out.set("y", SLIPWAY_TRY(number_text(key_.get(), OSSL_PKEY_PARAM_EC_PUB_Y, curve->coordinate_bytes)));
    return out;
  }
  out.set("kty", "RSA");
  out.set("alg", algorithm_name(only_.value_or(SignatureAlgorithm::kRs256)));
  out.set("n", SLIPWAY_TRY(number_text(key_.get(), OSSL_PKEY_PARAM_RSA_N, 0)));
  out.set("e", SLIPWAY_TRY(number_text(key_.get(), OSSL_PKEY_PARAM_RSA_E, 0)));
  return out;
}

Result<std::vector<PublicKey>> parse_key_set(std::string_view text) {
  const Json set = SLIPWAY_TRY(
      data::parse_json(text, {.max_bytes = kMaxKeySetBytes, .max_depth = 16}).with_context("the JSON Web Key Set"));
  if (!set["keys"].is_array()) return fail(ErrorCode::kInvalid, "the JSON Web Key Set has no list \"keys\"");
  if (set["keys"].size() > kMaxKeys)
    return fail(ErrorCode::kInvalid, fmt::format("the JSON Web Key Set has more than {} keys", kMaxKeys));
  std::vector<PublicKey> keys;
  for (const Json& jwk : set["keys"].items())
    if (auto key = PublicKey::of_jwk(jwk)) keys.push_back(std::move(*key));
  return keys;
}

Result<SigningKey> SigningKey::of_pem(std::string_view pem) {
  KeyHandle key = SLIPWAY_TRY(parse_key(pem));
  SignatureAlgorithm algorithm = SignatureAlgorithm::kRs256;
  if (const Curve* const curve = curve_of(key.get())) algorithm = curve->algorithm;
  if (!fits_key(algorithm, key.get()) || EVP_PKEY_get_security_bits(key.get()) < 112)
    return fail(ErrorCode::kInvalid, "the signing key is neither RSA of at least 2048 bits nor of P-256, P-384, P-521");
  PublicKey public_key = SLIPWAY_TRY(PublicKey::of_private_key(pem));
  return SigningKey(std::shared_ptr<evp_pkey_st>(std::move(key)), algorithm, std::move(public_key));
}

Result<std::string> SigningKey::sign(std::string_view text) const {
  return make_signature(algorithm_, key_.get(), text);
}

}  // namespace slipway::pki
