#include "net/tls_context.h"

#include <arpa/inet.h>
#include <array>
#include <fmt/core.h>
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

namespace slipway::net {

using base::ErrorCode;
using base::fail;
using base::Result;
using base::Status;

void SslDeleter::operator()(ssl_st* session) const {
  SSL_free(session);
}

namespace {

struct Deleter {
  void operator()(BIO* bio) const { BIO_free_all(bio); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
using BioHandle = std::unique_ptr<BIO, Deleter>;
using CertificateHandle = std::unique_ptr<X509, Deleter>;
using KeyHandle = std::unique_ptr<EVP_PKEY, Deleter>;

std::string reason() {
  const unsigned long code = ERR_peek_last_error();
  ERR_clear_error();
  const char* text = ERR_reason_error_string(code);
  return text != nullptr ? text : "unknown cause";
}

int no_password(char*, int, int, void*) {
  return 0;
}

BioHandle reader(std::string_view pem) {
  return BioHandle(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
}

Status use_certificate(SSL_CTX* context, const std::string& chain_pem, const std::string& key_text) {
  const BioHandle chain = reader(chain_pem);
  const CertificateHandle leaf(PEM_read_bio_X509(chain.get(), nullptr, no_password, nullptr));
  if (!leaf || SSL_CTX_use_certificate(context, leaf.get()) != 1) {
    return fail(ErrorCode::kInvalid, fmt::format("the TLS certificate is not usable: {}", reason()));
  }
  while (X509* next = PEM_read_bio_X509(chain.get(), nullptr, no_password, nullptr)) {
    SSL_CTX_add0_chain_cert(context, next);
  }
  ERR_clear_error();  // "no start line" at the end of the chain
  const BioHandle key_reader = reader(key_text);
  const KeyHandle key(PEM_read_bio_PrivateKey(key_reader.get(), nullptr, no_password, nullptr));
  if (!key) return fail(ErrorCode::kInvalid, fmt::format("the TLS private key is not usable: {}", reason()));
  if (SSL_CTX_use_PrivateKey(context, key.get()) != 1 || SSL_CTX_check_private_key(context) != 1) {
    ERR_clear_error();
    return fail(ErrorCode::kInvalid, "the TLS private key does not belong to the certificate");
  }
  return {};
}

// `offer_names`: a server tells clients which authorities it takes.
Status trust(SSL_CTX* context, const std::string& ca_pem, bool offer_names) {
  const BioHandle bundle = reader(ca_pem);
  X509_STORE* const store = SSL_CTX_get_cert_store(context);
  int count = 0;
  while (const CertificateHandle ca{PEM_read_bio_X509(bundle.get(), nullptr, no_password, nullptr)}) {
    X509_STORE_add_cert(store, ca.get());
    if (offer_names) SSL_CTX_add_client_CA(context, ca.get());
    ++count;
  }
  ERR_clear_error();
  if (count == 0) return fail(ErrorCode::kInvalid, "the CA bundle holds no PEM certificate");
  return {};
}

Result<SslContext> new_context(const SSL_METHOD* method) {
  SslContext context(SSL_CTX_new(method), SSL_CTX_free);
  if (!context) return fail(ErrorCode::kInternal, fmt::format("cannot make a TLS context: {}", reason()));
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION |
                                         SSL_OP_IGNORE_UNEXPECTED_EOF | SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_mode(context.get(), SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                      SSL_MODE_RELEASE_BUFFERS | SSL_MODE_AUTO_RETRY);
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(context.get(), 0);
  return context;
}

// kubectl offers h2 first; we speak HTTP/1.1 only. A client that offers neither goes on without ALPN.
int choose_http11(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* offered,
                  unsigned offered_size, void*) {
  static constexpr std::string_view kHttp11 = "http/1.1";
  for (unsigned i = 0; i < offered_size; i += 1u + offered[i]) {
    const std::string_view name(reinterpret_cast<const char*>(offered + i + 1), offered[i]);
    if (name != kHttp11) continue;
    *out = offered + i + 1;
    *out_size = static_cast<unsigned char>(kHttp11.size());
    return SSL_TLSEXT_ERR_OK;
  }
  return SSL_TLSEXT_ERR_NOACK;
}

bool is_address(const std::string& host) {
  std::array<unsigned char, 16> bytes{};
  return inet_pton(AF_INET, host.c_str(), bytes.data()) == 1 || inet_pton(AF_INET6, host.c_str(), bytes.data()) == 1;
}

Result<SslHandle> new_session(const SslContext& context, int fd) {
  SslHandle session(SSL_new(context.get()));
  if (!session || SSL_set_fd(session.get(), fd) != 1) {
    return fail(ErrorCode::kInternal, fmt::format("cannot make a TLS session: {}", reason()));
  }
  return session;
}

std::string hex(const unsigned char* bytes, unsigned size) {
  std::string out;
  for (unsigned i = 0; i < size; ++i) out += fmt::format("{:02x}", bytes[i]);
  return out;
}

std::string sha256_of(X509* certificate) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  return X509_digest(certificate, EVP_sha256(), digest.data(), &size) == 1 ? hex(digest.data(), size) : "";
}

// The hash of the pinned CA lives as long as the context it is for.
int pin_index() {
  static const int index = SSL_CTX_get_ex_new_index(
      0, nullptr, nullptr, nullptr,
      [](void*, void* pin, CRYPTO_EX_DATA*, int, long, void*) { delete static_cast<std::string*>(pin); });
  return index;
}

// An ordinary verification whose only trusted CA is the one of the server's chain that has the pinned hash.
int verify_pinned(X509_STORE_CTX* verification, void*) {
  SSL* const session =
      static_cast<SSL*>(X509_STORE_CTX_get_ex_data(verification, SSL_get_ex_data_X509_STORE_CTX_idx()));
  const auto* pin = static_cast<const std::string*>(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(session), pin_index()));
  STACK_OF(X509)* const sent = X509_STORE_CTX_get0_untrusted(verification);
  STACK_OF(X509)* const trusted = sk_X509_new_null();
  for (int i = 0; trusted != nullptr && i < sk_X509_num(sent); ++i)
    if (sha256_of(sk_X509_value(sent, i)) == *pin) sk_X509_push(trusted, sk_X509_value(sent, i));
  X509_STORE_CTX_set0_trusted_stack(verification, trusted);
  const int verified = X509_verify_cert(verification);
  X509_STORE_CTX_set0_trusted_stack(verification, nullptr);
  sk_X509_free(trusted);
  return verified == 1 ? 1 : 0;
}

Status trust_pinned(SSL_CTX* context, const std::string& ca_sha256) {
  auto pin = std::make_unique<std::string>(ca_sha256);
  if (SSL_CTX_set_ex_data(context, pin_index(), pin.get()) != 1)
    return fail(ErrorCode::kInternal, fmt::format("cannot pin a CA: {}", reason()));
  (void)pin.release();
  SSL_CTX_set_cert_verify_callback(context, verify_pinned, nullptr);
  return {};
}

std::string entry_text(const X509_NAME* name, int index) {
  unsigned char* utf8 = nullptr;
  const int size = ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, index)));
  std::string text;
  if (size > 0) text.assign(reinterpret_cast<const char*>(utf8), static_cast<std::size_t>(size));
  OPENSSL_free(utf8);
  return text;
}

}  // namespace

Result<SslContext> make_server_context(const TlsServerOptions& options) {
  SslContext context = SLIPWAY_TRY(new_context(TLS_server_method()));
  SLIPWAY_TRY(use_certificate(context.get(), options.certificate_pem, options.key_pem));
  SSL_CTX_set_alpn_select_cb(context.get(), choose_http11, nullptr);
  // AES with a key of 128 bits first, as Go's servers choose too: a third less work for a strength nobody can break.
  SSL_CTX_set_ciphersuites(context.get(), "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256");
  if (!options.client_ca_pem.empty()) {
    SLIPWAY_TRY(trust(context.get(), options.client_ca_pem, true).with_context("client certificates"));
    const int require = options.require_client_certificate ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0;
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER | require, nullptr);
  } else if (options.require_client_certificate) {
    return fail(ErrorCode::kInvalid, "client certificates are required but no CA for them is given");
  }
  return context;
}

Result<SslContext> make_client_context(const TlsClientOptions& options) {
  SslContext context = SLIPWAY_TRY(new_context(TLS_client_method()));
  if (options.ca_pem.empty() && !options.ca_sha256.empty()) {
    SLIPWAY_TRY(trust_pinned(context.get(), options.ca_sha256));
  } else {
    SLIPWAY_TRY(trust(context.get(), options.ca_pem, false).with_context("server certificate"));
  }
  if (!options.certificate_pem.empty()) {
    SLIPWAY_TRY(use_certificate(context.get(), options.certificate_pem, options.key_pem));
  }
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  return context;
}

Result<SslHandle> new_server_session(const SslContext& context, int fd) {
  SslHandle session = SLIPWAY_TRY(new_session(context, fd));
  SSL_set_accept_state(session.get());
  return session;
}

Result<SslHandle> new_client_session(const SslContext& context, int fd, const std::string& server_name) {
  SslHandle session = SLIPWAY_TRY(new_session(context, fd));
  SSL_set_connect_state(session.get());
  const bool named = is_address(server_name)
                         ? X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(session.get()), server_name.c_str()) == 1
                         : SSL_set1_host(session.get(), server_name.c_str()) == 1 &&
                               SSL_set_tlsext_host_name(session.get(), server_name.c_str()) == 1;
  if (!named || server_name.empty()) {
    return fail(ErrorCode::kInvalid, fmt::format("\"{}\" is no server name", server_name));
  }
  return session;
}

std::optional<PeerCertificate> peer_certificate(ssl_st* session) {
  X509* const certificate = SSL_get0_peer_certificate(session);
  if (certificate == nullptr || SSL_get_verify_result(session) != X509_V_OK) return std::nullopt;
  PeerCertificate peer;
  const X509_NAME* name = X509_get_subject_name(certificate);
  // The last common name counts, as for Go's x509 package (and so for Kubernetes).
  for (int i = X509_NAME_get_index_by_NID(name, NID_commonName, -1); i >= 0;
       i = X509_NAME_get_index_by_NID(name, NID_commonName, i)) {
    peer.common_name = entry_text(name, i);
  }
  for (int i = X509_NAME_get_index_by_NID(name, NID_organizationName, -1); i >= 0;
       i = X509_NAME_get_index_by_NID(name, NID_organizationName, i)) {
    peer.organizations.push_back(entry_text(name, i));
  }
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  if (X509_digest(certificate, EVP_sha256(), digest.data(), &size) != 1) return std::nullopt;
  peer.sha256_fingerprint = hex(digest.data(), size);
  unsigned char* key_der = nullptr;
  const int key_size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &key_der);
  if (key_size > 0 &&
      EVP_Digest(key_der, static_cast<size_t>(key_size), digest.data(), &size, EVP_sha256(), nullptr) == 1) {
    peer.public_key_sha256_fingerprint = hex(digest.data(), size);
  }
  OPENSSL_free(key_der);
  BIGNUM* serial = ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), nullptr);
  std::array<unsigned char, 64> bytes{};
  if (serial != nullptr && BN_num_bytes(serial) <= static_cast<int>(bytes.size())) {
    peer.serial = hex(bytes.data(), static_cast<unsigned>(BN_bn2bin(serial, bytes.data())));
  }
  BN_free(serial);
  return peer;
}

base::Error tls_error(ssl_st* session, std::string_view what) {
  const unsigned long code = ERR_peek_last_error();
  const int number = ERR_GET_LIB(code) == ERR_LIB_SSL ? ERR_GET_REASON(code) : 0;
  if (number == SSL_R_CERTIFICATE_VERIFY_FAILED) {
    const char* text = X509_verify_cert_error_string(SSL_get_verify_result(session));
    ERR_clear_error();
    return fail(ErrorCode::kUnavailable, fmt::format("{}: the peer's certificate is not trusted: {}", what, text));
  }
  switch (number - SSL_AD_REASON_OFFSET) {
    case SSL_AD_BAD_CERTIFICATE:
    case SSL_AD_UNSUPPORTED_CERTIFICATE:
    case SSL_AD_CERTIFICATE_REVOKED:
    case SSL_AD_CERTIFICATE_EXPIRED:
    case SSL_AD_CERTIFICATE_UNKNOWN:
    case SSL_AD_UNKNOWN_CA:
    case SSL_AD_ACCESS_DENIED:
    case SSL_AD_CERTIFICATE_REQUIRED:
      return fail(ErrorCode::kUnauthorized, fmt::format("{}: the peer refused our certificate: {}", what, reason()));
    default:
      return fail(ErrorCode::kUnavailable, fmt::format("{}: {}", what, reason()));
  }
}

}  // namespace slipway::net
