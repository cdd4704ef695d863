#pragma once

#include "base/clock.h"
#include "base/result.h"
#include "pki/certificate.h"
#include "pki/openssl_handles.h"

struct X509_name_st;

// Putting X.509 certificates together field by field. Internal to pki.
namespace slipway::pki {

inline constexpr std::chrono::minutes kClockSkew{5};  // certificates are valid from this much before now

base::Status set_subject(X509_name_st* name, const Subject& subject);

// A version 3 certificate with a random serial, subject, key, validity and key identifiers; `issuer` null = itself.
base::Result<CertificateHandle> new_certificate(const Subject& subject, evp_pkey_st* public_key, x509_st* issuer,
                                                base::WallTime now, std::chrono::seconds lifetime);
base::Status add_extension(x509_st* certificate, x509_st* issuer, int nid, const char* value);
base::Status add_alternative_names(x509_st* certificate, const CertificateRequest& request);
base::Status sign(x509_st* certificate, evp_pkey_st* key);

}  // namespace slipway::pki
