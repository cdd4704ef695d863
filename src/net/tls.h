#pragma once

#include <functional>
#include <string>

#include "net/http_message.h"

namespace slipway::net {

// PEM texts, TLS 1.2 or newer.
struct TlsServerOptions {
  std::string certificate_pem;  // chain
  std::string key_pem;
  std::string client_ca_pem;  // clients may present a certificate signed by these; "" = none is asked for
  bool require_client_certificate = false;
};

struct TlsClientOptions {
  std::string ca_pem;  // trust exactly these
  // When ca_pem is "": trust the CA that the server sends along and whose DER has this hash (hex).
  std::string ca_sha256;
  std::string certificate_pem;  // "" = no client certificate
  std::string key_pem;
  std::string server_name;  // SNI and the name to verify; "" = the host of the URL (IP addresses are verified as such)
};

}  // namespace slipway::net
