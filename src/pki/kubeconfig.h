#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

// Kubernetes client configuration files (clientcmd v1 Config) with embedded certificates.
namespace slipway::pki {

struct Kubeconfig {
  std::string server;           // https://host:port
  std::string tls_server_name;  // "" = the host of `server`
  std::string ca_pem;
  std::string client_certificate_pem;
  std::string client_key_pem;
  std::string token;  // used when there is no client certificate
  std::string cluster_name = "slipway";
  std::string user_name = "admin";
  std::string context_name;  // "" = "<user>@<cluster>"
  std::string ns;            // default namespace of the context
};

std::string render_kubeconfig(const Kubeconfig& config);

// The current context of a kubeconfig file's text; file references are read relative to `folder`.
base::Result<Kubeconfig> parse_kubeconfig(std::string_view text, std::string_view folder = ".");

}  // namespace slipway::pki
