#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "net/http_message.h"
#include "net/tls.h"

struct ssl_st;
struct ssl_ctx_st;

// TLS contexts and sessions over OpenSSL. Internal to net.
namespace slipway::net {

struct SslDeleter {
  void operator()(ssl_st* session) const;
};
using SslHandle = std::unique_ptr<ssl_st, SslDeleter>;
using SslContext = std::shared_ptr<ssl_ctx_st>;

// TLS 1.2 or newer, no renegotiation, no session resumption (a resumed session would not look at the trust again).
// kInvalid names the part that is not usable; keys never appear in it.
base::Result<SslContext> make_server_context(const TlsServerOptions& options);
base::Result<SslContext> make_client_context(const TlsClientOptions& options);

base::Result<SslHandle> new_server_session(const SslContext& context, int fd);
// Checks the peer's name: `server_name`, an IP address as such.
base::Result<SslHandle> new_client_session(const SslContext& context, int fd, const std::string& server_name);

// The verified client certificate; none when none was presented.
std::optional<PeerCertificate> peer_certificate(ssl_st* session);

// Why the last TLS call of this thread failed. kUnauthorized when the peer refused our certificate by an alert.
base::Error tls_error(ssl_st* session, std::string_view what);

}  // namespace slipway::net
