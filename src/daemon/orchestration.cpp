#include "daemon/orchestration.h"

#include "cluster/cluster_controllers.h"
#include "daemon/certificate_renewal.h"
#include "inventory/inventory_controllers.h"
#include "providers/bootstrap/bootstrap_controller.h"
#include "providers/controlplane/control_plane_controller.h"
#include "providers/infra/infra_controllers.h"
#include "southbound/southbound_controller.h"
#include "templates/template_controller.h"

namespace slipway::daemon {

using base::Result;
using base::Status;

Result<std::unique_ptr<Orchestration>> Orchestration::start(kube::Client& client, OrchestrationOptions options) {
  auto orchestration = std::unique_ptr<Orchestration>(new Orchestration(std::move(options)));
  SLIPWAY_TRY(orchestration->open(client));
  return orchestration;
}

Status Orchestration::open(kube::Client& client) {
  manager_ = control::Manager::create({.client = &client, .component = "slipwayd"});
  SLIPWAY_TRY(open_gateway());
  add_controllers(client);
  // The agents' door opens last: whoever comes in finds every controller at work.
  SLIPWAY_TRY(manager_->start());
  return open_agents_door();
}

void Orchestration::stop() {
  constexpr std::chrono::milliseconds kGrace{3'000};
  if (gateway_) gateway_->stop();
  if (connections_) connections_->close_all("the orchestrator stops");
  if (agent_http_) agent_http_->stop(kGrace);
  if (manager_) manager_->stop();
  if (workload_) workload_->stop();
}

std::string Orchestration::agents_url() const {
  return "https://" + host_and_port(reachable_host(options_.agents, options_.advertise), agent_http_->port());
}

std::string Orchestration::gateway_address() const {
  return host_and_port(reachable_host(options_.gateway, options_.advertise), gateway_->port());
}

void Orchestration::use_authority(const CertificateAuthority& authority) {
  enrollment_->use({.signer = authority.signer, .trusted_pem = authority.trusted_pem()});
  connections_->set_trust(authority.trusted_pem());
}

Status Orchestration::open_gateway() {
  connections_ = std::make_unique<southbound::Connections>(
      [this](const meta::ObjectKey& host) { manager_->enqueue(southbound::kControllerName, host); });
  route_ = std::make_unique<ClusterRoute>(*manager_);
  const auto dial = [this](const std::string& server_name) -> Result<std::shared_ptr<net::TunnelStream>> {
    const meta::ObjectKey host = SLIPWAY_TRY(route_->host_of(server_name));
    return connections_->open_tunnel(host, agentproto::kKubernetesApiTarget);
  };
  gateway_ = SLIPWAY_TRY(gateway::Gateway::start(
      {.address = options_.gateway.host, .port = options_.gateway.port, .max_connections = options_.limits.gateway},
      dial));
  return {};
}

void Orchestration::add_controllers(kube::Client& client) {
  const providers::infra::InfraOptions infra{.endpoint_host = reachable_host(options_.gateway, options_.advertise),
                                             .endpoint_port = gateway_->port()};
  workload_ = std::make_unique<WorkloadAccess>(client, local_host(options_.gateway), gateway_->port());
  enrollment_ = std::make_unique<southbound::Enrollment>(*manager_, southbound::Enrollment::Authority{});
  use_authority(options_.credentials.authority);
  agent_door_ = std::make_unique<southbound::AgentDoor>(*manager_, *connections_, *enrollment_);
  templates::add_default_template_controller(*manager_);
  templates::add_template_controller(*manager_);
  cluster::add_controllers(*manager_, *workload_);
  providers::bootstrap::add_kthrees_config_controller(*manager_);
  providers::controlplane::add_control_plane_controller(*manager_, *workload_);
  providers::infra::add_intel_cluster_controller(*manager_, infra);
  providers::infra::add_intel_machine_controller(*manager_, infra);
  inventory::add_host_controller(*manager_);
  southbound::add_southbound_controller(*manager_, *connections_, *enrollment_);
}

Status Orchestration::open_agents_door() {
  net::HttpServerOptions door;
  door.address = options_.agents.host;
  door.port = options_.agents.port;
  door.tls = door_tls(options_.credentials);
  door.max_connections = options_.limits.agents;
  // A thousand agents that come back at once bring a second of handshakes; people do not wait for that.
  door.network_niceness = 10;
  agent_http_ = SLIPWAY_TRY(net::HttpServer::start(
      door, [this](const auto& request, auto& responder) { agent_door_->handle(request, responder); }));
  return {};
}

}  // namespace slipway::daemon
