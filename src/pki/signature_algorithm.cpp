#include "pki/signature_algorithm.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include "pki/openssl_handles.h"

namespace slipway::pki {

using base::ErrorCode;
using base::Result;

namespace {

enum class Family { kRsa, kRsaPss, kCurve };

struct Row {
  SignatureAlgorithm algorithm;
  std::string_view name;
  Family family;
  const EVP_MD* (*digest)();
};

constexpr std::array kRows{
    Row{SignatureAlgorithm::kRs256, "RS256", Family::kRsa, EVP_sha256},
    Row{SignatureAlgorithm::kRs384, "RS384", Family::kRsa, EVP_sha384},
    Row{SignatureAlgorithm::kRs512, "RS512", Family::kRsa, EVP_sha512},
    Row{SignatureAlgorithm::kPs256, "PS256", Family::kRsaPss, EVP_sha256},
    Row{SignatureAlgorithm::kPs384, "PS384", Family::kRsaPss, EVP_sha384},
    Row{SignatureAlgorithm::kPs512, "PS512", Family::kRsaPss, EVP_sha512},
    Row{SignatureAlgorithm::kEs256, "ES256", Family::kCurve, EVP_sha256},
    Row{SignatureAlgorithm::kEs384, "ES384", Family::kCurve, EVP_sha384},
    Row{SignatureAlgorithm::kEs512, "ES512", Family::kCurve, EVP_sha512},
};

constexpr std::array kCurves{
    Curve{"P-256", "prime256v1", 32, SignatureAlgorithm::kEs256},
    Curve{"P-384", "secp384r1", 48, SignatureAlgorithm::kEs384},
    Curve{"P-521", "secp521r1", 66, SignatureAlgorithm::kEs512},
};

const Row& row_of(SignatureAlgorithm algorithm) {
  return kRows[static_cast<std::size_t>(algorithm)];
}

struct ContextDeleter {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  void operator()(ECDSA_SIG* signature) const { ECDSA_SIG_free(signature); }
};
using DigestContext = std::unique_ptr<EVP_MD_CTX, ContextDeleter>;
using CurveSignature = std::unique_ptr<ECDSA_SIG, ContextDeleter>;

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

bool set_padding(const Row& row, EVP_PKEY_CTX* context) {
  if (row.family != Family::kRsaPss) return true;
  return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1 &&
         EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST) == 1;
}

// r and s one after the other -> the DER that OpenSSL wants; "" when the length is wrong.
std::string der_of(std::string_view signature, std::size_t width) {
  if (signature.size() != 2 * width) return {};
  CurveSignature parts(ECDSA_SIG_new());
  BIGNUM* r = BN_bin2bn(bytes_of(signature), static_cast<int>(width), nullptr);
  BIGNUM* s = BN_bin2bn(bytes_of(signature) + width, static_cast<int>(width), nullptr);
  ECDSA_SIG_set0(parts.get(), r, s);
  unsigned char* der = nullptr;
  const int size = i2d_ECDSA_SIG(parts.get(), &der);
  std::string out;
  if (size > 0) out.assign(reinterpret_cast<const char*>(der), static_cast<std::size_t>(size));
  OPENSSL_free(der);
  return out;
}

Result<std::string> raw_of(std::string_view der, std::size_t width) {
  const unsigned char* at = bytes_of(der);
  const CurveSignature parts(d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size())));
  std::string out(2 * width, '\0');
  auto* const into = reinterpret_cast<unsigned char*>(out.data());
  if (!parts || BN_bn2binpad(ECDSA_SIG_get0_r(parts.get()), into, static_cast<int>(width)) < 0 ||
      BN_bn2binpad(ECDSA_SIG_get0_s(parts.get()), into + width, static_cast<int>(width)) < 0)
    return openssl_error("cannot write the signature");
  return out;
}

}  // namespace

std::string_view algorithm_name(SignatureAlgorithm algorithm) {
  return row_of(algorithm).name;
}

Result<SignatureAlgorithm> parse_algorithm(std::string_view name) {
  const auto row = std::ranges::find(kRows, name, &Row::name);
  if (row == kRows.end()) return base::fail(ErrorCode::kInvalid, "the signature algorithm is not supported");
  return row->algorithm;
}

const Curve* find_curve(std::string_view jwk_name) {
  const auto curve = std::ranges::find(kCurves, jwk_name, [](const Curve& c) { return std::string_view(c.jwk_name); });
  return curve == kCurves.end() ? nullptr : &*curve;
}

const Curve* curve_of(evp_pkey_st* key) {
  if (EVP_PKEY_get_base_id(key) != EVP_PKEY_EC) return nullptr;
  std::array<char, 64> name{};
  if (EVP_PKEY_get_group_name(key, name.data(), name.size(), nullptr) != 1) return nullptr;
  const auto curve = std::ranges::find(kCurves, std::string_view(name.data()),
                                       [](const Curve& c) { return std::string_view(c.openssl_name); });
  return curve == kCurves.end() ? nullptr : &*curve;
}

bool fits_key(SignatureAlgorithm algorithm, evp_pkey_st* key) {
  if (row_of(algorithm).family != Family::kCurve) return EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA;
  const Curve* const curve = curve_of(key);
  return curve != nullptr && curve->algorithm == algorithm;
}

bool verify_signature(SignatureAlgorithm algorithm, evp_pkey_st* key, std::string_view text,
                      std::string_view signature) {
  const Row& row = row_of(algorithm);
  std::string der;
  if (row.family == Family::kCurve) {
    der = der_of(signature, curve_of(key)->coordinate_bytes);
    if (der.empty()) return false;
    signature = der;
  }
  const DigestContext context(EVP_MD_CTX_new());
  EVP_PKEY_CTX* settings = nullptr;
  const bool verified =
      context && EVP_DigestVerifyInit(context.get(), &settings, row.digest(), nullptr, key) == 1 &&
      set_padding(row, settings) &&
      EVP_DigestVerify(context.get(), bytes_of(signature), signature.size(), bytes_of(text), text.size()) == 1;
  ERR_clear_error();
  return verified;
}

Result<std::string> make_signature(SignatureAlgorithm algorithm, evp_pkey_st* key, std::string_view text) {
  const Row& row = row_of(algorithm);
  const DigestContext context(EVP_MD_CTX_new());
  EVP_PKEY_CTX* settings = nullptr;
  std::size_t size = 0;
  if (!context || EVP_DigestSignInit(context.get(), &settings, row.digest(), nullptr, key) != 1 ||
      !set_padding(row, settings) || EVP_DigestSign(context.get(), nullptr, &size, bytes_of(text), text.size()) != 1)
    return openssl_error("cannot sign");
  std::string signature(size, '\0');
  if (EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size, bytes_of(text),
                     text.size()) != 1)
    return openssl_error("cannot sign");
  signature.resize(size);
  if (row.family != Family::kCurve) return signature;
  return raw_of(signature, curve_of(key)->coordinate_bytes);
}

}  // namespace slipway::pki
