#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "cloudinit/document.h"
#include "distro/k3s/config.h"

// The cloud-config that makes a host a node of a cluster. Pure; the one renderer behind the orchestrator's bootstrap
// provider and the standalone bootstrapper.
namespace slipway::distro::k3s {

struct Authority {
  std::string certificate_pem;
  std::string key_pem;  // secret
};

struct Authorities {
  Authority server, client, etcd;
};

struct BootstrapInput {
  const data::Json& spec;  // KThreesConfigSpec
  Role role = Role::kInitServer;
  std::string version;  // what a download installs, such as "v1.36.3+k3s1"; air-gapped it is not needed
  std::string token;    // "": K3s makes its own
  // kInitServer only: other servers get them from the first one. Without them K3s makes its own.
  std::optional<Authorities> authorities;
  std::vector<cloudinit::WriteFile> files;  // spec.files with their content resolved and decoded
  std::string server_url;                   // other roles
  std::string endpoint_host;                // Cluster.spec.controlPlaneEndpoint.host
  std::vector<std::string> server_names;    // further names of the API server
};

// Files: certificates, user files, config.yaml (last, so that it wins). Commands: pre, install, post, the success file.
// The first command that fails ends the document, and the success file is not written. Unlike cluster-api-k3s there is
// no etcd-proxy manifest: nothing here talks to etcd, and its image would have to be pulled from a registry.
base::Result<cloudinit::Document> bootstrap_document(const BootstrapInput& input);

}  // namespace slipway::distro::k3s
