#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

// Owners of OpenSSL objects, and the small steps every file of this module takes. Internal to pki.
struct x509_st;
struct X509_req_st;
struct evp_pkey_st;
struct bio_st;
struct X509_extension_st;
struct stack_st_GENERAL_NAME;

namespace slipway::pki {

struct OpensslDeleter {
  void operator()(x509_st* certificate) const;
  void operator()(X509_req_st* request) const;
  void operator()(evp_pkey_st* key) const;
  void operator()(bio_st* bio) const;
  void operator()(X509_extension_st* extension) const;
  void operator()(stack_st_GENERAL_NAME* names) const;
};
template <typename T>
using Handle = std::unique_ptr<T, OpensslDeleter>;
using CertificateHandle = Handle<x509_st>;
using RequestHandle = Handle<X509_req_st>;
using KeyHandle = Handle<evp_pkey_st>;
using BioHandle = Handle<bio_st>;

// What OpenSSL's error queue says (library reasons only, no data of the caller); empties the queue.
std::string openssl_reason();
base::Error openssl_error(std::string_view what);

BioHandle read_bio(std::string_view bytes);
std::string bio_text(bio_st* bio);

base::Result<KeyHandle> parse_key(std::string_view pem);
base::Result<CertificateHandle> parse_certificate(std::string_view pem);  // the first one of a chain
base::Result<RequestHandle> parse_request(std::string_view pem);

base::Result<std::string> key_pem(evp_pkey_st* key);
base::Result<std::string> certificate_pem(x509_st* certificate);

}  // namespace slipway::pki
