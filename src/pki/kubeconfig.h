#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "data/json.h"

// Kubernetes client configurations (clientcmd v1 Config). Files, lists of files and the service account of a Pod are
// read by kubeconfig_files.h.
namespace slipway::pki {

// A program that gives credentials: users[].user.exec, k8s.io/client-go/pkg/apis/clientauthentication.
struct ExecPlugin {
  std::string api_version;  // client.authentication.k8s.io/v1 or v1beta1
  std::string command;      // absolute, or a name that PATH knows
  std::vector<std::string> arguments;
  std::vector<std::pair<std::string, std::string>> environment;  // beside that of this process
  std::string install_hint;
  data::Json cluster;  // what provideClusterInfo tells it; null = nothing
};

struct Kubeconfig {
  std::string server;           // https://host:port
  std::string tls_server_name;  // "" = the host of `server`
  std::string ca_pem;           // "" = the authorities that this machine trusts
  bool insecure_skip_tls_verify = false;
  std::string proxy_url;  // http://, https:// or socks5://; "" = as the environment says
  std::string client_certificate_pem;
  std::string client_key_pem;
  std::string token;
  std::string token_file;          // absolute; what it holds now comes before `token`
  std::optional<ExecPlugin> exec;  // asked when there is no token
  std::string cluster_name = "slipway";
  std::string user_name = "admin";
  std::string context_name;  // "" = "<user>@<cluster>"
  std::string ns;            // default namespace of the context
};

// With everything embedded; token files, plugins and proxies are left out.
std::string render_kubeconfig(const Kubeconfig& config);

// The current context of a kubeconfig's text, which may come from anywhere (a Secret): one that reads files or runs a
// program of this machine is refused (kUnsupported).
base::Result<Kubeconfig> parse_kubeconfig(std::string_view text);

}  // namespace slipway::pki
