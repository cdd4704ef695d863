#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

// X.509 keys, certificate authorities and certificates as PEM texts. Private keys are secrets: they never appear in
// an Error. Pure functions over OpenSSL; thread-safe.
namespace slipway::pki {

enum class KeyType { kEcP256, kRsa2048 };

struct KeyAndCertificate {
  std::string certificate_pem;
  std::string key_pem;  // PKCS#8 ("PRIVATE KEY")
};

struct Subject {
  std::string common_name;
  std::vector<std::string> organizations;
};

enum class Usage { kServer, kClient, kServerAndClient };

struct CertificateRequest {
  Subject subject;
  Usage usage = Usage::kServer;
  std::vector<std::string> dns_names;
  std::vector<std::string> ip_addresses;
  std::chrono::seconds lifetime{std::chrono::hours(24) * 365};
};

base::Result<std::string> generate_key(KeyType type);

// A self-signed CA (basicConstraints CA, keyCertSign), valid from now - 5 minutes. `path_length`: how many further CAs
// may stand between it and a leaf.
base::Result<KeyAndCertificate> create_ca(const Subject& subject, KeyType type, std::chrono::seconds lifetime,
                                          base::WallTime now, int path_length = 0);

// The CA `successor_pem` (its subject and key) certified by `ca` for as long as `ca` itself holds: who trusts `ca`
// alone then verifies what the successor signs. `ca` must allow a CA below it; one of the same subject OpenSSL always
// allows (RFC 5280 section 6.1.4: self-issued ones do not count).
base::Result<std::string> cross_sign(const KeyAndCertificate& ca, std::string_view successor_pem, base::WallTime now);

// A new key and its certificate signed by `ca`.
base::Result<KeyAndCertificate> issue(const KeyAndCertificate& ca, const CertificateRequest& request, KeyType type,
                                      base::WallTime now);

// A PKCS#10 request for an existing key; only the subject matters (the signer decides the rest).
base::Result<std::string> create_csr(std::string_view key_pem, const Subject& subject);

// Signs the public key of a CSR (its own signature is checked) under the subject, names and usage given here; whatever
// the CSR asks for is ignored. Returns the certificate's PEM.
base::Result<std::string> sign_csr(const KeyAndCertificate& ca, std::string_view csr_pem,
                                   const CertificateRequest& request, base::WallTime now);

struct CertificateInfo {
  Subject subject;
  std::vector<std::string> dns_names;
  std::vector<std::string> ip_addresses;
  base::WallTime not_before;
  base::WallTime not_after;
  std::string sha256_fingerprint;             // hex of the DER certificate
  std::string public_key_sha256_fingerprint;  // hex of the DER SubjectPublicKeyInfo
  std::string serial;                         // hex
  bool is_ca = false;
};
base::Result<CertificateInfo> read_certificate(std::string_view pem);
// Every certificate of a text, one PEM text each. kInvalid when there is none.
base::Result<std::vector<std::string>> split_certificates(std::string_view pem);
// Whether the key of `ca_pem` signed it. Times and trust are not looked at.
bool is_signed_by(std::string_view certificate_pem, std::string_view ca_pem);
base::Result<std::string> csr_public_key_fingerprint(std::string_view csr_pem);
// kInvalid unless key and certificate belong together.
base::Status check_pair(const KeyAndCertificate& pair);

std::string sha256_hex(std::string_view bytes);
// Equal in constant time; for secrets.
bool equal_secret(std::string_view left, std::string_view right);

}  // namespace slipway::pki
