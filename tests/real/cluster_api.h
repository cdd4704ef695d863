#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "pki/certificate.h"
#include "real/cluster_api_manager.h"
#include "real/harness.h"

namespace slipway::real {

// Cluster API on one API server: the components that its Go module publishes, applied as they are but for what a
// machine without pods cannot have (no Deployment, no cert-manager; webhooks by URL instead of by Service), and its
// managers as processes with the rights of their ServiceAccounts. The kinds of providers that do not run are there
// without their controllers, as are Slipway's machines: nothing reconciles them unless a test plays the provider. One
// thread.
class ClusterApi {
 public:
  // Why it cannot run here, or nothing; builds the managers when they are not there.
  static std::optional<std::string> missing_parts();
  // Installs the components and starts the managers; returns when they lead and all their controllers work.
  // `administrator` is a kubeconfig of the API server.
  static base::Result<std::unique_ptr<ClusterApi>> start(const std::filesystem::path& folder,
                                                         const std::filesystem::path& administrator,
                                                         const std::vector<Provider>& running = {kCore});

  // In the order of `running`.
  std::vector<ProviderManager>& managers() { return managers_; }
  std::vector<std::string> unexpected_errors(bool restarted = false) const;

  base::Result<base::ProcessResult> kubectl(std::vector<std::string> args, const std::string& input = "");
  // kubectl or clusterctl in the namespace of the tests, which must succeed; its output.
  base::Result<std::string> run(std::vector<std::string> args, const std::string& input = "");
  base::Result<std::string> clusterctl(std::vector<std::string> args);
  // Applies (server side) a file of tests/real/cluster-api.
  base::Status apply(const std::string& file);
  data::Json get(const std::string& type, const std::string& name);
  // All of a type in the namespace, sorted by name.
  std::vector<data::Json> list(const std::string& type);
  // The only one of a type; null Json when there are more or none.
  data::Json only(const std::string& type);
  // Every object of Cluster API and its providers in the namespace, as a text in which nothing is chance: no times and
  // revisions, "?????" for what is random in names, owners instead of their uids. Equal on two API servers that behave
  // alike.
  std::vector<std::string> objects();

 private:
  ClusterApi() = default;
  base::Status make_certificates();
  base::Status install_components();
  base::Result<std::string> components(const std::string& provider);
  struct Deployment {
    int webhook_port = 0;
    std::string ns, account;
  };
  base::Status launch(const Provider& provider);
  // The published object as this machine can have it; nothing for what it cannot. No deployment: it does not run.
  std::optional<data::Json> adapted(data::Json object, Deployment* deployment) const;
  data::Json by_url(const data::Json& client_config, int port) const;

  std::filesystem::path folder_, administrator_;
  pki::KeyAndCertificate authority_;
  std::map<std::string, Deployment> deployments_;  // by provider
  std::vector<ProviderManager> managers_;
};

// "True Reason" of a condition in status.conditions; "" when it is not there.
std::string condition(const data::Json& object, const std::string& type);
// "Apply manager", "Update manager", "Update manager status", ... of metadata.managedFields, sorted.
std::vector<std::string> field_managers(const data::Json& object);
// "Kind/name" of the owners, the controller's with "*".
std::vector<std::string> owners(const data::Json& object);

}  // namespace slipway::real
