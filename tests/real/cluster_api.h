#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "pki/certificate.h"
#include "real/harness.h"

namespace slipway::real {

// The core provider of Cluster API on one API server: the components that its Go module publishes, applied as they are
// but for what a machine without pods cannot have (no Deployment, no cert-manager; webhooks by URL instead of by
// Service), and its manager as a process with the rights of its ServiceAccount. The kinds of the kubeadm providers and
// of Slipway's machines are there without their controllers: nothing reconciles them unless a test plays the provider.
// One thread.
class ClusterApi {
 public:
  // Why it cannot run here, or nothing; builds the manager when it is not there.
  static std::optional<std::string> missing_parts();
  // Installs the components and starts the manager; returns when it leads and all its controllers work.
  // `administrator` is a kubeconfig of the API server.
  static base::Result<std::unique_ptr<ClusterApi>> start(const std::filesystem::path& folder,
                                                         const std::filesystem::path& administrator);

  Process& manager() { return *manager_; }
  // What the manager said since its start, one JSON object a line.
  std::vector<data::Json> log() const;
  // Lines of its log that tell of an error which is not among the expected ones (the list stands in the .cpp), as text.
  // `restarted`: the API server was gone for a while.
  std::vector<std::string> unexpected_errors(bool restarted = false) const;

  base::Result<base::ProcessResult> kubectl(std::vector<std::string> args, const std::string& input = "");
  // kubectl in the namespace of the tests, which must succeed; its output.
  base::Result<std::string> run(std::vector<std::string> args, const std::string& input = "");
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
  base::Status launch_manager();
  base::Status wait_until_working();
  // The published object as this machine can have it; nothing for what it cannot.
  std::optional<data::Json> adapted(data::Json object, bool is_core) const;
  data::Json by_url(const data::Json& client_config) const;

  std::filesystem::path folder_, administrator_;
  pki::KeyAndCertificate authority_;
  int webhook_port_ = 0;
  std::optional<Process> manager_;
};

// "True Reason" of a condition in status.conditions; "" when it is not there.
std::string condition(const data::Json& object, const std::string& type);
// "Apply manager", "Update manager", "Update manager status", ... of metadata.managedFields, sorted.
std::vector<std::string> field_managers(const data::Json& object);
// "Kind/name" of the owners, the controller's with "*".
std::vector<std::string> owners(const data::Json& object);

}  // namespace slipway::real
