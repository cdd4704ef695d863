#pragma once

#include <string>

#include "base/result.h"

namespace slipway::kube {

// Where the server of a kubeconfig is.
struct ServerAddress {
  std::string host;  // without brackets
  std::string port;
  std::string prefix;  // path below which the API lies; without a final slash

  bool is_loopback() const;
};

// kInvalid when the URL is not https://host[:port][/prefix].
base::Result<ServerAddress> parse_server(const std::string& url);

// "[::1]" for an IPv6 address, other hosts as they are.
std::string bracketed(const std::string& host);

}  // namespace slipway::kube
