#pragma once

#include <string>
#include <vector>

#include "pki/kubeconfig.h"
#include "real/harness.h"

namespace slipway::real {

// A provider of Cluster API whose Go module tests/real/build-cluster-api builds.
struct Provider {
  std::string name;             // "core", "bootstrap/kubeadm": its folder in the module
  std::size_t controllers = 0;  // that its manager runs
};
inline const Provider kCore{"core", 14}, kKubeadmBootstrap{"bootstrap/kubeadm", 3},
    kKubeadmControlPlane{"controlplane/kubeadm", 3};

// What an API server says of a finalizer that comes too late.
inline constexpr std::string_view kLateFinalizer = "no new finalizers can be added if the object is being deleted";

// The manager of one provider as a process, as in its pod: the rights of a ServiceAccount, the namespace in the file
// where it looks for it, leader election. One thread.
class ProviderManager {
 public:
  struct Options {
    std::filesystem::path folder;        // for its log and kubeconfig
    std::filesystem::path certificates;  // tls.crt and tls.key of its webhooks
    int webhook_port = 0;
    std::string ns;
    pki::Kubeconfig kubeconfig;
  };
  // Returns when it leads and all its controllers work.
  static base::Result<ProviderManager> start(const Provider& provider, const Options& options);

  Process& process() { return process_; }
  std::vector<data::Json> log() const;  // one JSON object a line
  // Lines of its log that tell of an error which is not among the expected ones (the list stands in the .cpp), as text.
  // `restarted`: the API server was gone for a while.
  std::vector<std::string> unexpected_errors(bool restarted) const;

 private:
  ProviderManager(Provider provider, Process process) : provider_(std::move(provider)), process_(std::move(process)) {}
  base::Status wait_until_working();

  Provider provider_;
  Process process_;
};

}  // namespace slipway::real
