#include "pki/certificate_builder.h"

#include <array>
#include <fmt/core.h>
#include <openssl/asn1.h>
#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

namespace slipway::pki {

using base::ErrorCode;
using base::fail;
using base::Result;
using base::Status;

namespace {

Status add_name_entry(X509_name_st* name, int nid, std::string_view value, std::string_view what) {
  if (X509_NAME_add_entry_by_NID(name, nid, MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(value.data()),
                                 static_cast<int>(value.size()), -1, 0) != 1) {
    // OpenSSL refuses empty texts, more than 64 characters and invalid UTF-8.
    return fail(ErrorCode::kInvalid, fmt::format("the subject's {} is not usable: {}", what, openssl_reason()));
  }
  return {};
}

// 127 random bits: positive and unique without a counter to keep.
Status set_random_serial(x509_st* certificate) {
  std::array<unsigned char, 16> bytes{};
  if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1)
    return openssl_error("cannot make a serial number");
  bytes[0] = static_cast<unsigned char>((bytes[0] & 0x7f) | 0x40);
  BIGNUM* number = BN_bin2bn(bytes.data(), static_cast<int>(bytes.size()), nullptr);
  const bool done = number != nullptr && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != nullptr;
  BN_free(number);
  if (!done) return openssl_error("cannot set the serial number");
  return {};
}

Status set_validity(x509_st* certificate, base::WallTime now, std::chrono::seconds lifetime) {
  const auto start = std::chrono::floor<std::chrono::seconds>(now - kClockSkew);
  const auto end = std::chrono::floor<std::chrono::seconds>(now + lifetime);
  if (ASN1_TIME_set(X509_getm_notBefore(certificate), start.time_since_epoch().count()) == nullptr ||
      ASN1_TIME_set(X509_getm_notAfter(certificate), end.time_since_epoch().count()) == nullptr) {
    return openssl_error("cannot set the validity");
  }
  return {};
}

}  // namespace

Status set_subject(X509_name_st* name, const Subject& subject) {
  for (const std::string& organization : subject.organizations) {
    SLIPWAY_TRY(add_name_entry(name, NID_organizationName, organization, "organization"));
  }
  if (!subject.common_name.empty()) {
    SLIPWAY_TRY(add_name_entry(name, NID_commonName, subject.common_name, "common name"));
  }
  return {};
}

Status add_extension(x509_st* certificate, x509_st* issuer, int nid, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const Handle<X509_extension_st> extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value));
  if (!extension || X509_add_ext(certificate, extension.get(), -1) != 1) {
    return openssl_error(fmt::format("cannot add the extension {}", OBJ_nid2sn(nid)));
  }
  return {};
}

Status add_alternative_names(x509_st* certificate, const CertificateRequest& request) {
  if (request.dns_names.empty() && request.ip_addresses.empty()) return {};
  // Built object by object: OpenSSL's text form would let a name with a comma add further names.
  const Handle<stack_st_GENERAL_NAME> names(sk_GENERAL_NAME_new_null());
  const auto push = [&names](int type, void* value) {
    GENERAL_NAME* name = GENERAL_NAME_new();
    GENERAL_NAME_set0_value(name, type, value);
    sk_GENERAL_NAME_push(names.get(), name);
  };
  for (const std::string& dns : request.dns_names) {
    if (dns.empty() || dns.size() > 253 || dns.find_first_of(std::string_view(" \t\r\n\0,", 6)) != std::string::npos) {
      return fail(ErrorCode::kInvalid, fmt::format("\"{}\" is no DNS name", dns));
    }
    ASN1_IA5STRING* text = ASN1_IA5STRING_new();
    ASN1_STRING_set(text, dns.data(), static_cast<int>(dns.size()));
    push(GEN_DNS, text);
  }
  for (const std::string& address : request.ip_addresses) {
    ASN1_OCTET_STRING* bytes = a2i_IPADDRESS(address.c_str());
    if (bytes == nullptr) return fail(ErrorCode::kInvalid, fmt::format("\"{}\" is no IP address", address));
    push(GEN_IPADD, bytes);
  }
  if (X509_add1_ext_i2d(certificate, NID_subject_alt_name, names.get(), 0, X509V3_ADD_DEFAULT) != 1) {
    return openssl_error("cannot add the alternative names");
  }
  return {};
}

Result<CertificateHandle> new_certificate(const Subject& subject, evp_pkey_st* public_key, x509_st* issuer,
                                          base::WallTime now, std::chrono::seconds lifetime) {
  CertificateHandle certificate(X509_new());
  if (!certificate) return openssl_error("cannot make a certificate");
  X509_set_version(certificate.get(), X509_VERSION_3);
  SLIPWAY_TRY(set_random_serial(certificate.get()));
  SLIPWAY_TRY(set_validity(certificate.get(), now, lifetime));
  SLIPWAY_TRY(set_subject(X509_get_subject_name(certificate.get()), subject));
  x509_st* const signer = issuer != nullptr ? issuer : certificate.get();
  if (X509_set_issuer_name(certificate.get(), X509_get_subject_name(signer)) != 1 ||
      X509_set_pubkey(certificate.get(), public_key) != 1) {
    return openssl_error("cannot set issuer and key");
  }
  SLIPWAY_TRY(add_extension(certificate.get(), signer, NID_subject_key_identifier, "hash"));
  SLIPWAY_TRY(add_extension(certificate.get(), signer, NID_authority_key_identifier, "keyid:always"));
  return certificate;
}

Status sign(x509_st* certificate, evp_pkey_st* key) {
  if (X509_sign(certificate, key, EVP_sha256()) == 0) return openssl_error("cannot sign the certificate");
  return {};
}

}  // namespace slipway::pki
