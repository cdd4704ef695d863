#pragma once

#include <string>
#include <vector>

#include "cloudinit/document.h"
#include "distro/k3s/config.h"
#include "providers/bootstrap/cluster_secrets.h"

// The cloud-config that makes a host the server of a cluster. Pure.
namespace slipway::providers::bootstrap {

// A file of KThreesConfig.spec.files with its content resolved (contentFrom) and decoded.
using UserFile = cloudinit::WriteFile;

struct BootstrapInput {
  const Json& spec;  // KThreesConfigSpec
  distro::k3s::Role role = distro::k3s::Role::kInitServer;
  std::string version;  // Machine.spec.version
  std::string token;
  ClusterAuthorities authorities;  // kInitServer only: other servers get them from the first one
  std::vector<UserFile> files;
  std::string server_url;                 // other roles
  std::string endpoint_host;              // Cluster.spec.controlPlaneEndpoint.host
  std::vector<std::string> server_names;  // further names of the API server
};

// Files: certificates, user files, config.yaml (last, so that it wins). Commands: pre, install, post, the success file.
// The first command that fails ends the document, and the success file is not written. Unlike cluster-api-k3s there is
// no etcd-proxy manifest: nothing here talks to etcd, and its image would have to be pulled from a registry.
base::Result<cloudinit::Document> bootstrap_document(const BootstrapInput& input);

}  // namespace slipway::providers::bootstrap
