#include "pki/certificate.h"

#include <fmt/core.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "pki/certificate_builder.h"
#include "pki/openssl_handles.h"

namespace slipway::pki {

using base::ErrorCode;
using base::fail;
using base::Result;
using base::Status;

namespace {

Result<KeyHandle> new_key(KeyType type) {
  KeyHandle key(type == KeyType::kEcP256 ? EVP_EC_gen("P-256") : EVP_RSA_gen(2048));
  if (!key) return openssl_error("cannot generate a key");
  return key;
}

const char* key_usage(const CertificateRequest& request, evp_pkey_st* key) {
  const bool encipherment = request.usage != Usage::kClient && EVP_PKEY_is_a(key, "RSA") == 1;
  return encipherment ? "critical,digitalSignature,keyEncipherment" : "critical,digitalSignature";
}

const char* extended_usage(Usage usage) {
  switch (usage) {
    case Usage::kServer:
      return "serverAuth";
    case Usage::kClient:
      return "clientAuth";
    case Usage::kServerAndClient:
      return "serverAuth,clientAuth";
  }
  return "serverAuth";
}

// A leaf certificate for `public_key`, signed by the CA.
Result<std::string> sign_leaf(const KeyAndCertificate& ca, const CertificateRequest& request, evp_pkey_st* public_key,
                              base::WallTime now) {
  const KeyHandle ca_key = SLIPWAY_TRY(parse_key(ca.key_pem).with_context("CA"));
  const CertificateHandle issuer = SLIPWAY_TRY(parse_certificate(ca.certificate_pem).with_context("CA"));
  if (X509_check_private_key(issuer.get(), ca_key.get()) != 1) {
    openssl_reason();
    return fail(ErrorCode::kInvalid, "the CA's key and certificate do not belong together");
  }
  const CertificateHandle leaf =
      SLIPWAY_TRY(new_certificate(request.subject, public_key, issuer.get(), now, request.lifetime));
  SLIPWAY_TRY(add_extension(leaf.get(), issuer.get(), NID_basic_constraints, "critical,CA:FALSE"));
  SLIPWAY_TRY(add_extension(leaf.get(), issuer.get(), NID_key_usage, key_usage(request, public_key)));
  SLIPWAY_TRY(add_extension(leaf.get(), issuer.get(), NID_ext_key_usage, extended_usage(request.usage)));
  SLIPWAY_TRY(add_alternative_names(leaf.get(), request));
  SLIPWAY_TRY(sign(leaf.get(), ca_key.get()));
  return certificate_pem(leaf.get());
}

Status add_authority_extensions(x509_st* certificate, x509_st* issuer, int path_length) {
  const std::string constraints = fmt::format("critical,CA:TRUE,pathlen:{}", path_length);
  SLIPWAY_TRY(add_extension(certificate, issuer, NID_basic_constraints, constraints.c_str()));
  return add_extension(certificate, issuer, NID_key_usage, "critical,digitalSignature,keyCertSign,cRLSign");
}

// The key of a CSR that proves possession of its private half.
Result<evp_pkey_st*> verified_key(X509_req_st* request) {
  evp_pkey_st* const key = X509_REQ_get0_pubkey(request);
  if (key == nullptr) {
    return fail(ErrorCode::kInvalid, fmt::format("the certificate request has no usable key: {}", openssl_reason()));
  }
  if (X509_REQ_verify(request, key) != 1) {
    openssl_reason();
    return fail(ErrorCode::kInvalid, "the certificate request's signature does not fit its key");
  }
  if (EVP_PKEY_get_security_bits(key) < 112) {
    return fail(ErrorCode::kInvalid, "the certificate request's key is too weak; use EC P-256 or RSA 2048");
  }
  return key;
}

}  // namespace

Result<std::string> generate_key(KeyType type) {
  const KeyHandle key = SLIPWAY_TRY(new_key(type));
  return key_pem(key.get());
}

Result<KeyAndCertificate> create_ca(const Subject& subject, KeyType type, std::chrono::seconds lifetime,
                                    base::WallTime now, int path_length) {
  const KeyHandle key = SLIPWAY_TRY(new_key(type));
  const CertificateHandle ca = SLIPWAY_TRY(new_certificate(subject, key.get(), nullptr, now, lifetime));
  SLIPWAY_TRY(add_authority_extensions(ca.get(), ca.get(), path_length));
  SLIPWAY_TRY(sign(ca.get(), key.get()));
  return KeyAndCertificate{SLIPWAY_TRY(certificate_pem(ca.get())), SLIPWAY_TRY(key_pem(key.get()))};
}

Result<std::string> cross_sign(const KeyAndCertificate& ca, std::string_view successor_pem, base::WallTime now) {
  const KeyHandle ca_key = SLIPWAY_TRY(parse_key(ca.key_pem).with_context("CA"));
  const CertificateHandle issuer = SLIPWAY_TRY(parse_certificate(ca.certificate_pem).with_context("CA"));
  const CertificateHandle successor = SLIPWAY_TRY(parse_certificate(successor_pem).with_context("successor"));
  const CertificateInfo issuer_info = SLIPWAY_TRY(read_certificate(ca.certificate_pem));
  const auto lifetime = std::chrono::ceil<std::chrono::seconds>(issuer_info.not_after - now);
  const CertificateHandle crossed =
      SLIPWAY_TRY(new_certificate({}, X509_get0_pubkey(successor.get()), issuer.get(), now, lifetime));
  if (X509_set_subject_name(crossed.get(), X509_get_subject_name(successor.get())) != 1)
    return openssl_error("cannot set the subject");
  SLIPWAY_TRY(add_authority_extensions(crossed.get(), issuer.get(), 0));
  SLIPWAY_TRY(sign(crossed.get(), ca_key.get()));
  return certificate_pem(crossed.get());
}

Result<KeyAndCertificate> issue(const KeyAndCertificate& ca, const CertificateRequest& request, KeyType type,
                                base::WallTime now) {
  const KeyHandle key = SLIPWAY_TRY(new_key(type));
  std::string certificate = SLIPWAY_TRY(sign_leaf(ca, request, key.get(), now));
  return KeyAndCertificate{std::move(certificate), SLIPWAY_TRY(key_pem(key.get()))};
}

Result<std::string> create_csr(std::string_view key_text, const Subject& subject) {
  const KeyHandle key = SLIPWAY_TRY(parse_key(key_text));
  const RequestHandle request(X509_REQ_new());
  if (!request) return openssl_error("cannot make a certificate request");
  X509_REQ_set_version(request.get(), X509_REQ_VERSION_1);
  SLIPWAY_TRY(set_subject(X509_REQ_get_subject_name(request.get()), subject));
  if (X509_REQ_set_pubkey(request.get(), key.get()) != 1 ||
      X509_REQ_sign(request.get(), key.get(), EVP_sha256()) == 0) {
    return openssl_error("cannot sign the certificate request");
  }
  const BioHandle bio(BIO_new(BIO_s_mem()));
  if (!bio || PEM_write_bio_X509_REQ(bio.get(), request.get()) != 1) {
    return openssl_error("cannot write the certificate request");
  }
  return bio_text(bio.get());
}

Result<std::string> sign_csr(const KeyAndCertificate& ca, std::string_view csr_pem, const CertificateRequest& request,
                             base::WallTime now) {
  const RequestHandle csr = SLIPWAY_TRY(parse_request(csr_pem));
  evp_pkey_st* const key = SLIPWAY_TRY(verified_key(csr.get()));
  return sign_leaf(ca, request, key, now);
}

Result<std::vector<std::string>> split_certificates(std::string_view pem) {
  std::vector<std::string> all;
  const BioHandle bio = read_bio(pem);
  while (const CertificateHandle next{PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)})
    all.push_back(SLIPWAY_TRY(certificate_pem(next.get())));
  openssl_reason();  // the end of the text
  if (all.empty()) return fail(ErrorCode::kInvalid, "there is no PEM certificate");
  return all;
}

bool is_signed_by(std::string_view certificate, std::string_view ca) {
  const auto leaf = parse_certificate(certificate);
  const auto issuer = parse_certificate(ca);
  const bool is_signed = leaf && issuer && X509_verify(leaf->get(), X509_get0_pubkey(issuer->get())) == 1;
  openssl_reason();
  return is_signed;
}

Status check_pair(const KeyAndCertificate& pair) {
  const KeyHandle key = SLIPWAY_TRY(parse_key(pair.key_pem));
  const CertificateHandle certificate = SLIPWAY_TRY(parse_certificate(pair.certificate_pem));
  if (X509_check_private_key(certificate.get(), key.get()) != 1) {
    openssl_reason();
    return fail(ErrorCode::kInvalid, "the private key does not belong to the certificate");
  }
  return {};
}

}  // namespace slipway::pki
