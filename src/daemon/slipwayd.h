#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "apiserver/audit/audit_log.h"
#include "apiserver/authentication/oidc_tokens.h"
#include "base/result.h"
#include "daemon/door_address.h"

namespace slipway::daemon {

struct SlipwaydOptions {
  std::filesystem::path data_folder;
  ListenAddress api{"127.0.0.1", 6440};
  ListenAddress agents{"127.0.0.1", 6441};
  ListenAddress gateway{"127.0.0.1", 6442};
  // Further DNS names and addresses under which clients, agents and cluster users reach this machine; the first one
  // stands in kubeconfigs.
  std::vector<std::string> advertise;
  apiserver::AuditLevel audit = apiserver::AuditLevel::kWrites;  // into <data_folder>/audit/audit.log
  std::vector<std::string> sealed;  // resources to seal at rest beside Secrets: "configmaps", "widgets.example.com"
  // Of tokens of ServiceAccounts, an https URL; other servers verify them by the keys below it.
  std::string service_account_issuer = "https://kubernetes.default.svc.cluster.local";
  std::filesystem::path token_file;    // static bearer tokens; "" = none
  apiserver::OidcOptions oidc;         // without issuer_url: none
  std::filesystem::path oidc_ca_file;  // "" = the authorities of this machine
  // How long /readyz fails before stop() closes the first door, so that load balancers turn away.
  std::chrono::milliseconds shutdown_delay{0};
  // How often it looks whether certificates are to be renewed, or a command changed the authority.
  std::chrono::milliseconds look_at_certificates_every{60'000};
  // Only the Kubernetes API: no kinds of Slipway, controllers, agents' door or gateway.
  bool api_only = false;
};

// The whole orchestrator in one process, with a resource plane of its own (management_cluster.h is the other way).
// start() returns when every door serves; stop() (or the end of the object's life) closes the doors, then the
// controllers, then the store.
class Slipwayd {
 public:
  static base::Result<std::unique_ptr<Slipwayd>> start(SlipwaydOptions options);
  virtual ~Slipwayd() = default;
  virtual void stop() = 0;

  // What `slipwayd ready` says; "" for a door that is not open.
  virtual std::string api_url() const = 0;
  virtual std::string agents_url() const = 0;
  virtual std::string gateway_address() const = 0;
  virtual std::filesystem::path kubeconfig_path() const = 0;
};

}  // namespace slipway::daemon
