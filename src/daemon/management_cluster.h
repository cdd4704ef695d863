#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "control/leader_election.h"
#include "daemon/door_address.h"
#include "pki/kubeconfig.h"

namespace slipway::daemon {

// slipwayd whose resources live in a Kubernetes management cluster. Any number of replicas may run; the one that holds
// the Lease does everything (kinds, controllers, agents' door, gateway), the others wait with their doors closed.
struct ManagementClusterOptions {
  pki::Kubeconfig cluster;
  std::string ns = "slipway-system";  // of the Lease and of the certificate authority; made when it is missing
  std::string lease = "slipwayd";
  std::string identity;  // of this replica; "" = host name and a random part
  std::chrono::milliseconds lease_duration{15'000}, renew_deadline{10'000}, retry_period{2'000};
  ListenAddress agents{"127.0.0.1", 6441}, gateway{"127.0.0.1", 6442};
  std::vector<std::string> advertise;  // the same on every replica: clusters keep the gateway's name
};

class ManagedSlipwayd {
 public:
  // Called from a thread of its own.
  struct Events {
    std::function<void(const ManagedSlipwayd&)> leading;   // its doors serve now
    std::function<void(const base::Error&)> failed;        // it could not lead, and has released the Lease
    std::function<void(const std::string& message)> lost;  // another may lead already: end the process at once
  };
  // Returns when the cluster has answered; from then on it waits for the Lease.
  static base::Result<std::unique_ptr<ManagedSlipwayd>> start(ManagementClusterOptions options, Events events);
  virtual ~ManagedSlipwayd() = default;
  // Closes the doors, stops the controllers, and then releases the Lease. Idempotent.
  virtual void stop() = 0;

  virtual std::string identity() const = 0;
  virtual std::string leader() const = 0;  // "" as long as nobody is known
  // While it leads; "" otherwise.
  virtual std::string agents_url() const = 0;
  virtual std::string gateway_address() const = 0;
};

}  // namespace slipway::daemon
