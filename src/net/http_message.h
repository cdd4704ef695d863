#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace slipway::net {

// Immutable bytes that many messages may share; never null.
using SharedBytes = std::shared_ptr<const std::string>;

// The verified client certificate of a TLS connection.
struct PeerCertificate {
  std::string common_name;
  std::vector<std::string> organizations;
  std::string sha256_fingerprint;             // hex of the DER certificate
  std::string public_key_sha256_fingerprint;  // hex of the DER SubjectPublicKeyInfo: survives a renewal
  std::string serial;                         // hex
};

struct HttpRequest {
  std::string method;
  std::string target;                                        // as sent: "/api/v1/pods?limit=5"
  std::string path;                                          // decoded, without the query
  std::multimap<std::string, std::string> query;             // decoded
  std::vector<std::pair<std::string, std::string>> headers;  // names in lower case
  std::string body;
  std::string peer_address;  // host:port
  bool has_certificate = false;
  PeerCertificate certificate;

  std::string_view header(std::string_view lower_case_name) const;  // "" when absent
  std::string_view query_value(std::string_view name) const;        // the first one; "" when absent
  bool has_query(std::string_view name) const;
  std::string peer_host() const;  // the address without its port and brackets
};

struct HttpResponse {
  int status = 200;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  std::vector<SharedBytes> parts = {};  // the rest of the body after `body`; a server sends them without copying

  std::size_t body_size() const;
  std::string whole_body() const;
};

}  // namespace slipway::net
