#include "agent/kubernetes_probe.h"

#include "base/files.h"

namespace slipway::agent {

base::Status K3sProbe::check() {
  const std::string ca =
      SLIPWAY_TRY(base::read_file(root_.at("/var/lib/rancher/k3s/server/tls/server-ca.crt"), 1u << 20)
                      .with_context("K3s has no server CA yet"));
  net::ClientRuntime::Request request;
  request.host = "127.0.0.1";
  request.port = 6443;
  request.path = "/readyz";
  request.tls.ca_pem = ca;
  request.tls.server_name = "localhost";
  request.timeout = std::chrono::milliseconds(3'000);
  SLIPWAY_TRY(runtime_.request(request).with_context("the Kubernetes API on 127.0.0.1:6443 does not answer"));
  return {};
}

}  // namespace slipway::agent
