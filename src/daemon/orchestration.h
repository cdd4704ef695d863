#pragma once

#include <memory>
#include <string>
#include <vector>

#include "control/manager.h"
#include "daemon/cluster_route.h"
#include "daemon/connection_limits.h"
#include "daemon/credentials.h"
#include "daemon/door_address.h"
#include "daemon/workload_access.h"
#include "gateway/gateway.h"
#include "net/http_server.h"
#include "southbound/agent_door.h"

namespace slipway::daemon {

struct OrchestrationOptions {
  ListenAddress agents, gateway;
  std::vector<std::string> advertise;
  Credentials credentials;
  ConnectionLimits limits;
};

// Everything that turns resources into clusters, over any kube::Client: controllers, the agents' door, the gateway.
// Only one may run over one set of resources: the controller that gives a host its work needs the host's stream, and
// that is where its agent connected.
class Orchestration {
 public:
  // Returns when both doors serve and every controller runs. `client` must outlive it.
  static base::Result<std::unique_ptr<Orchestration>> start(kube::Client& client, OrchestrationOptions options);
  ~Orchestration() { stop(); }
  // Closes the doors, then the controllers. Idempotent.
  void stop();

  // Who signs the certificates of hosts from now on, and whom agents shall trust.
  void use_authority(const CertificateAuthority& authority);

  control::Manager& manager() { return *manager_; }
  net::HttpServer& agents_door() { return *agent_http_; }
  std::string agents_url() const;
  std::string gateway_address() const;

 private:
  explicit Orchestration(OrchestrationOptions options) : options_(std::move(options)) {}
  base::Status open(kube::Client& client);
  base::Status open_gateway();
  void add_controllers(kube::Client& client);
  base::Status open_agents_door();

  const OrchestrationOptions options_;
  std::unique_ptr<WorkloadAccess> workload_;
  std::unique_ptr<southbound::Connections> connections_;
  std::unique_ptr<ClusterRoute> route_;
  std::unique_ptr<southbound::Enrollment> enrollment_;
  std::unique_ptr<southbound::AgentDoor> agent_door_;
  std::unique_ptr<control::Manager> manager_;
  std::unique_ptr<gateway::Gateway> gateway_;
  std::unique_ptr<net::HttpServer> agent_http_;
};

}  // namespace slipway::daemon
