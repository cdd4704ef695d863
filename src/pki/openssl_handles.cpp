#include "pki/openssl_handles.h"

#include <fmt/core.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

namespace slipway::pki {

using base::ErrorCode;
using base::fail;
using base::Result;

void OpensslDeleter::operator()(x509_st* certificate) const {
  X509_free(certificate);
}
void OpensslDeleter::operator()(X509_req_st* request) const {
  X509_REQ_free(request);
}
void OpensslDeleter::operator()(evp_pkey_st* key) const {
  EVP_PKEY_free(key);
}
void OpensslDeleter::operator()(bio_st* bio) const {
  BIO_free_all(bio);
}
void OpensslDeleter::operator()(X509_extension_st* extension) const {
  X509_EXTENSION_free(extension);
}
void OpensslDeleter::operator()(stack_st_GENERAL_NAME* names) const {
  GENERAL_NAMES_free(names);
}

std::string openssl_reason() {
  const unsigned long code = ERR_peek_last_error();
  ERR_clear_error();
  const char* reason = ERR_reason_error_string(code);
  return reason != nullptr ? reason : "unknown cause";
}

base::Error openssl_error(std::string_view what) {
  return fail(ErrorCode::kInternal, fmt::format("{}: {}", what, openssl_reason()));
}

BioHandle read_bio(std::string_view bytes) {
  return BioHandle(BIO_new_mem_buf(bytes.data(), static_cast<int>(bytes.size())));
}

std::string bio_text(bio_st* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return size > 0 ? std::string(data, static_cast<std::size_t>(size)) : std::string();
}

namespace {

constexpr std::size_t kMaxPemBytes = 1u << 20;

// Refuses encrypted keys instead of asking on the terminal.
int no_password(char*, int, int, void*) {
  return 0;
}

}  // namespace

Result<KeyHandle> parse_key(std::string_view pem) {
  if (pem.size() > kMaxPemBytes) return fail(ErrorCode::kInvalid, "the private key is not PEM: it is too large");
  const BioHandle bio = read_bio(pem);
  KeyHandle key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_password, nullptr));
  if (!key) {
    return fail(ErrorCode::kInvalid, fmt::format("the private key is no unencrypted PEM key: {}", openssl_reason()));
  }
  return key;
}

Result<CertificateHandle> parse_certificate(std::string_view pem) {
  if (pem.size() > kMaxPemBytes) return fail(ErrorCode::kInvalid, "the certificate is not PEM: it is too large");
  const BioHandle bio = read_bio(pem);
  CertificateHandle certificate(PEM_read_bio_X509(bio.get(), nullptr, no_password, nullptr));
  if (!certificate) {
    return fail(ErrorCode::kInvalid, fmt::format("the certificate is not PEM: {}", openssl_reason()));
  }
  return certificate;
}

Result<RequestHandle> parse_request(std::string_view pem) {
  if (pem.size() > kMaxPemBytes)
    return fail(ErrorCode::kInvalid, "the certificate request is not PEM: it is too large");
  const BioHandle bio = read_bio(pem);
  RequestHandle request(PEM_read_bio_X509_REQ(bio.get(), nullptr, no_password, nullptr));
  if (!request) {
    return fail(ErrorCode::kInvalid, fmt::format("the certificate request is not PEM: {}", openssl_reason()));
  }
  return request;
}

Result<std::string> key_pem(evp_pkey_st* key) {
  const BioHandle bio(BIO_new(BIO_s_secmem()));
  if (!bio || PEM_write_bio_PKCS8PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr) != 1) {
    return openssl_error("cannot write the private key");
  }
  return bio_text(bio.get());
}

Result<std::string> certificate_pem(x509_st* certificate) {
  const BioHandle bio(BIO_new(BIO_s_mem()));
  if (!bio || PEM_write_bio_X509(bio.get(), certificate) != 1) return openssl_error("cannot write the certificate");
  return bio_text(bio.get());
}

}  // namespace slipway::pki
