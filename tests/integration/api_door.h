#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "apiserver/api_server.h"
#include "apiserver/authorization/role_aggregation.h"
#include "base/files.h"
#include "base/subprocess.h"
#include "net/http_server.h"
#include "pki/certificate.h"
#include "registry/registry.h"
#include "store/store.h"

// The Kubernetes API served over HTTPS in this process, with an administrator's kubeconfig, for integration tests.
namespace slipway::integration {

class ApiDoor {
 public:
  // `crds`: YAML of further kinds, there before the first request.
  explicit ApiDoor(const std::vector<std::string>& crds = {});
  ~ApiDoor();
  ApiDoor(const ApiDoor&) = delete;
  ApiDoor& operator=(const ApiDoor&) = delete;

  std::string url() const;
  std::filesystem::path folder() const { return folder_.path(); }
  // A kubeconfig whose client certificate has this organization; "" = no certificate.
  std::string kubeconfig(const std::string& name, const std::string& organization) const;
  // Runs a kubectl as the administrator.
  base::ProcessResult kubectl(const std::string& program, std::vector<std::string> arguments,
                              const std::string& input = "") const;
  // Runs one that does not end by itself until a line of its output matches; returns the output.
  std::string kubectl_until(const std::string& pattern, const std::string& program,
                            std::vector<std::string> arguments) const;

  const pki::KeyAndCertificate& ca() const { return ca_; }

 private:
  base::TemporaryFolder folder_;  // before the store: it goes last

 public:
  std::unique_ptr<store::Store> store;
  std::unique_ptr<registry::Registry> registry;
  std::unique_ptr<apiserver::AccessPolicyKeeper> access_policy;
  std::unique_ptr<apiserver::ApiServer> api;

 private:
  base::ProcessOptions kubectl_process(const std::string& program, std::vector<std::string> arguments) const;

  pki::KeyAndCertificate ca_;
  std::string admin_kubeconfig_;
  std::unique_ptr<net::HttpServer> server_;
};

// The kubectl to test with: KUBECTL, else one on PATH; "" when there is none.
std::string find_kubectl();

}  // namespace slipway::integration
