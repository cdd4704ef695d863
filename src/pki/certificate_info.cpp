#include <array>
#include <ctime>
#include <fmt/core.h>
#include <openssl/bn.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "pki/certificate.h"
#include "pki/openssl_handles.h"

namespace slipway::pki {

using base::Result;

namespace {

std::string hex_of(const unsigned char* bytes, unsigned size) {
  std::string out;
  out.reserve(size * 2u);
  for (unsigned i = 0; i < size; ++i) out += fmt::format("{:02x}", bytes[i]);
  return out;
}

std::string entry_text(const X509_NAME* name, int index) {
  const X509_NAME_ENTRY* entry = X509_NAME_get_entry(name, index);
  unsigned char* utf8 = nullptr;
  const int size = ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(entry));
  std::string text;
  if (size > 0) text.assign(reinterpret_cast<const char*>(utf8), static_cast<std::size_t>(size));
  OPENSSL_free(utf8);
  return text;
}

Subject subject_of(x509_st* certificate) {
  Subject subject;
  const X509_NAME* name = X509_get_subject_name(certificate);
  for (int i = X509_NAME_get_index_by_NID(name, NID_commonName, -1); i >= 0;
       i = X509_NAME_get_index_by_NID(name, NID_commonName, i)) {
    subject.common_name = entry_text(name, i);
  }
  for (int i = X509_NAME_get_index_by_NID(name, NID_organizationName, -1); i >= 0;
       i = X509_NAME_get_index_by_NID(name, NID_organizationName, i)) {
    subject.organizations.push_back(entry_text(name, i));
  }
  return subject;
}

base::WallTime wall_time(const ASN1_TIME* time) {
  std::tm parts{};
  ASN1_TIME_to_tm(time, &parts);
  return base::WallTime(std::chrono::seconds(timegm(&parts)));
}

std::string address_text(const ASN1_OCTET_STRING* address) {
  const unsigned char* bytes = ASN1_STRING_get0_data(address);
  const int size = ASN1_STRING_length(address);
  if (size == 4) return fmt::format("{}.{}.{}.{}", bytes[0], bytes[1], bytes[2], bytes[3]);
  std::string text;
  for (int i = 0; i + 1 < size; i += 2) {
    text += fmt::format("{}{:x}", i == 0 ? "" : ":", (bytes[i] << 8) | bytes[i + 1]);
  }
  return text;
}

void read_alternative_names(x509_st* certificate, CertificateInfo& info) {
  const Handle<stack_st_GENERAL_NAME> names(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; names && i < sk_GENERAL_NAME_num(names.get()); ++i) {
    int type = 0;
    const void* value = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names.get(), i), &type);
    const auto* text = static_cast<const ASN1_STRING*>(value);
    if (type == GEN_DNS) {
      info.dns_names.emplace_back(reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
                                  static_cast<std::size_t>(ASN1_STRING_length(text)));
    } else if (type == GEN_IPADD) {
      info.ip_addresses.push_back(address_text(text));
    }
  }
}

Result<std::string> public_key_fingerprint(evp_pkey_st* key) {
  unsigned char* der = nullptr;
  const int size = key != nullptr ? i2d_PUBKEY(key, &der) : -1;
  if (size <= 0) {
    return base::fail(base::ErrorCode::kInvalid, fmt::format("the public key is not usable: {}", openssl_reason()));
  }
  std::string fingerprint = sha256_hex({reinterpret_cast<const char*>(der), static_cast<std::size_t>(size)});
  OPENSSL_free(der);
  return fingerprint;
}

std::string serial_text(x509_st* certificate) {
  BIGNUM* number = ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), nullptr);
  char* hex = number != nullptr ? BN_bn2hex(number) : nullptr;
  std::string text = hex != nullptr ? hex : "";
  for (char& c : text) c = static_cast<char>(c >= 'A' && c <= 'F' ? c - 'A' + 'a' : c);
  OPENSSL_free(hex);
  BN_free(number);
  return text;
}

}  // namespace

Result<CertificateInfo> read_certificate(std::string_view pem) {
  const CertificateHandle certificate = SLIPWAY_TRY(parse_certificate(pem));
  CertificateInfo info;
  info.subject = subject_of(certificate.get());
  read_alternative_names(certificate.get(), info);
  info.not_before = wall_time(X509_get0_notBefore(certificate.get()));
  info.not_after = wall_time(X509_get0_notAfter(certificate.get()));
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  if (X509_digest(certificate.get(), EVP_sha256(), digest.data(), &size) != 1) {
    return openssl_error("cannot hash the certificate");
  }
  info.sha256_fingerprint = hex_of(digest.data(), size);
  info.public_key_sha256_fingerprint = SLIPWAY_TRY(public_key_fingerprint(X509_get0_pubkey(certificate.get())));
  info.serial = serial_text(certificate.get());
  info.is_ca = X509_check_ca(certificate.get()) == 1;
  return info;
}

Result<std::string> csr_public_key_fingerprint(std::string_view csr_pem) {
  const RequestHandle request = SLIPWAY_TRY(parse_request(csr_pem));
  return public_key_fingerprint(X509_REQ_get0_pubkey(request.get()));
}

std::string sha256_hex(std::string_view bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, EVP_sha256(), nullptr);
  return hex_of(digest.data(), size);
}

bool equal_secret(std::string_view left, std::string_view right) {
  return left.size() == right.size() && CRYPTO_memcmp(left.data(), right.data(), left.size()) == 0;
}

}  // namespace slipway::pki
