#include "daemon/slipwayd.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <charconv>
#include <fmt/core.h>
#include <thread>
#include <unistd.h>

#include "apiserver/api_server.h"
#include "apiserver/authentication/default_service_accounts.h"
#include "apiserver/authentication/static_tokens.h"
#include "apiserver/authorization/role_aggregation.h"
#include "base/files.h"
#include "base/log.h"
#include "cluster/cluster_controllers.h"
#include "control/manager.h"
#include "daemon/certificate_renewal.h"
#include "daemon/cluster_route.h"
#include "daemon/connection_limits.h"
#include "daemon/controller_metrics.h"
#include "daemon/credentials.h"
#include "daemon/https_document.h"
#include "daemon/resource_plane.h"
#include "daemon/workload_access.h"
#include "gateway/gateway.h"
#include "inventory/inventory_controllers.h"
#include "net/http_server.h"
#include "providers/bootstrap/bootstrap_controller.h"
#include "providers/controlplane/control_plane_controller.h"
#include "providers/infra/infra_controllers.h"
#include "southbound/agent_door.h"
#include "southbound/southbound_controller.h"
#include "templates/template_controller.h"

namespace slipway::daemon {

using base::ErrorCode;
using base::fail;
using base::Result;
using base::Status;

Result<ListenAddress> parse_listen_address(std::string_view text) {
  const auto bad = [&] {
    return fail(
        ErrorCode::kInvalid,
        fmt::format("'{}' is no address to listen on; write ADDR:PORT such as 127.0.0.1:6440 or [::1]:6440", text));
  };
  const auto colon = text.rfind(':');
  if (colon == text.npos || colon == 0) return bad();
  std::string_view host = text.substr(0, colon), port = text.substr(colon + 1);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  ListenAddress address{std::string(host), 0};
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), address.port);
  if (error != std::errc() || end != port.data() + port.size() || port.empty()) return bad();
  return address;
}

namespace {

std::string host_and_port(const std::string& host, std::uint16_t port) {
  return host.find(':') == std::string::npos ? fmt::format("{}:{}", host, port) : fmt::format("[{}]:{}", host, port);
}

// How clients reach a door that listens on `address`. A door on loopback has no other name, whatever is advertised.
std::string reachable_host(const SlipwaydOptions& options, const ListenAddress& address) {
  const bool is_loopback = address.host.starts_with("127.") || address.host == "::1" || address.host == "localhost";
  if (!options.advertise.empty() && !is_loopback) return options.advertise.front();
  if (address.host == "0.0.0.0") return "127.0.0.1";
  if (address.host == "::") return "::1";
  return address.host;
}

// Every name under which a client may call this machine, for the serving certificate.
std::vector<std::string> serving_names(const SlipwaydOptions& options) {
  std::vector<std::string> names{"localhost", "127.0.0.1"};
  std::array<char, 256> hostname{};
  if (::gethostname(hostname.data(), hostname.size() - 1) == 0 && hostname[0] != '\0')
    names.emplace_back(hostname.data());
  for (const ListenAddress* address : {&options.api, &options.agents, &options.gateway})
    if (address->host != "0.0.0.0" && address->host != "::") names.push_back(address->host);
  names.insert(names.end(), options.advertise.begin(), options.advertise.end());
  std::ranges::sort(names);
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

class Process final : public Slipwayd {
 public:
  explicit Process(SlipwaydOptions options) : options_(std::move(options)) {}
  ~Process() override { stop(); }

  Status open() {
    const std::size_t open_files = raise_open_file_limit();
    limits_ = connection_limits(open_files, options_.api_only);
    base::log_info("slipwayd", "at most {} API clients, {} agents and {} gateway connections (open files: {})",
                   limits_.api, limits_.agents, limits_.gateway, open_files);
    SLIPWAY_TRY(base::make_folders(options_.data_folder, 0700));
    credentials_ = SLIPWAY_TRY(
        load_or_create_credentials(options_.data_folder, serving_names(options_), base::SystemClock::instance().now()));
    using Kinds = ResourcePlane::Kinds;
    plane_ = SLIPWAY_TRY(ResourcePlane::open(
        options_.data_folder, options_.api_only ? Kinds::kKubernetes : Kinds::kSlipway, options_.sealed));
    if (options_.api_only) {
      SLIPWAY_TRY(open_api_door());
      return keep_credentials();
    }
    manager_ = control::Manager::create({.client = &plane_->client(), .component = "slipwayd"});
    SLIPWAY_TRY(open_gateway());
    add_controllers();
    // The doors open last: whoever comes in finds every controller at work.
    SLIPWAY_TRY(manager_->start());
    SLIPWAY_TRY(open_doors());
    return keep_credentials();
  }

  void stop() override {
    if (stopped_.exchange(true)) return;
    constexpr std::chrono::seconds kGrace{10};  // for slow readers of what is answered already
    if (renewal_) renewal_->stop();
    if (api_server_) {
      api_server_->begin_shutdown();
      std::this_thread::sleep_for(options_.shutdown_delay);
      api_server_->stop();
    }
    if (api_door_) api_door_->stop(kGrace);
    if (gateway_) gateway_->stop();
    if (connections_) connections_->close_all("the orchestrator stops");
    if (agent_http_) agent_http_->stop(kGrace);
    if (manager_) manager_->stop();
    if (workload_) workload_->stop();
    if (default_accounts_) default_accounts_->stop();
    if (access_policy_) access_policy_->stop();
    if (plane_) plane_->stop();
  }

  std::string api_url() const override {
    return "https://" + host_and_port(reachable_host(options_, options_.api), api_door_->port());
  }
  std::string agents_url() const override {
    if (!agent_http_) return "";
    return "https://" + host_and_port(reachable_host(options_, options_.agents), agent_http_->port());
  }
  std::string gateway_address() const override {
    if (!gateway_) return "";
    return host_and_port(reachable_host(options_, options_.gateway), gateway_->port());
  }
  std::filesystem::path kubeconfig_path() const override { return options_.data_folder / "admin.kubeconfig"; }

 private:
  Status open_gateway() {
    connections_ = std::make_unique<southbound::Connections>(
        [this](const meta::ObjectKey& host) { manager_->enqueue(southbound::kControllerName, host); });
    route_ = std::make_unique<ClusterRoute>(*manager_);
    const auto dial = [this](const std::string& server_name) -> Result<std::shared_ptr<net::TunnelStream>> {
      const meta::ObjectKey host = SLIPWAY_TRY(route_->host_of(server_name));
      return connections_->open_tunnel(host, agentproto::kKubernetesApiTarget);
    };
    gateway_ = SLIPWAY_TRY(gateway::Gateway::start(
        {.address = options_.gateway.host, .port = options_.gateway.port, .max_connections = limits_.gateway}, dial));
    return {};
  }

  void add_controllers() {
    const providers::infra::InfraOptions infra{.endpoint_host = reachable_host(options_, options_.gateway),
                                               .endpoint_port = gateway_->port()};
    const std::string loopback = options_.gateway.host == "0.0.0.0" ? "127.0.0.1"
                                 : options_.gateway.host == "::"    ? "::1"
                                                                    : options_.gateway.host;
    workload_ = std::make_unique<WorkloadAccess>(plane_->client(), loopback, gateway_->port());
    enrollment_ = std::make_unique<southbound::Enrollment>(*manager_, southbound::Enrollment::Authority{});
    use_authority(credentials_.authority);
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

  net::HttpServerOptions door(const ListenAddress& address, std::size_t max_connections,
                              net::HttpServerOptions options = {}) const {
    options.address = address.host;
    options.port = address.port;
    options.tls = door_tls(credentials_);
    options.max_connections = max_connections;
    return options;
  }

  Status open_doors() {
    SLIPWAY_TRY(open_api_door());
    agent_http_ = SLIPWAY_TRY(net::HttpServer::start(
        door(options_.agents, limits_.agents),
        [this](const auto& request, auto& responder) { agent_door_->handle(request, responder); }));
    return {};
  }

  Status open_api_door() {
    access_policy_ = SLIPWAY_TRY(apiserver::AccessPolicyKeeper::start(plane_->registry()));
    default_accounts_ = SLIPWAY_TRY(apiserver::DefaultServiceAccounts::start(plane_->registry()));
    std::shared_ptr<apiserver::AuditLog> audit;
    if (options_.audit != apiserver::AuditLevel::kNone)
      audit = SLIPWAY_TRY(apiserver::AuditLog::open({.folder = options_.data_folder / "audit", .level = options_.audit},
                                                    base::SystemClock::instance()));
    // An agent's certificate is for the agents' door.
    apiserver::ApiServerOptions door_options{.denied_groups = {std::string(southbound::kHostsOrganization)},
                                             .audit = std::move(audit)};
    SLIPWAY_TRY(add_tokens(door_options));
    door_options.health_checks.push_back({.name = "store", .test = [this] { return plane_->check_store(); }});
    if (manager_)
      door_options.metrics.emplace_back(
          [this](apiserver::Exposition& out) { write_controller_metrics(out, manager_->statistics()); });
    api_server_ = std::make_unique<apiserver::ApiServer>(plane_->registry(), std::move(door_options));
    api_door_ = SLIPWAY_TRY(net::HttpServer::start(
        door(options_.api, limits_.api, api_server_->http_options()),
        [this](const auto& request, auto& responder) { api_server_->handle(request, responder); }));
    return {};
  }

  void use_authority(const CertificateAuthority& authority) {
    if (!enrollment_) return;
    enrollment_->use({.signer = authority.signer, .trusted_pem = authority.trusted_pem()});
    connections_->set_trust(authority.trusted_pem());
  }

  Status keep_credentials() {
    SLIPWAY_TRY(
        write_admin_kubeconfig(options_.data_folder, credentials_, api_url(), base::SystemClock::instance().now()));
    std::vector<net::HttpServer*> doors{api_door_.get()};
    if (agent_http_) doors.push_back(agent_http_.get());
    renewal_ = std::make_unique<CertificateRenewal>(
        CertificateRenewalOptions{
            .data_folder = options_.data_folder,
            .names = serving_names(options_),
            .server = api_url(),
            .doors = std::move(doors),
            .authority_changed = [this](const CertificateAuthority& authority) { use_authority(authority); },
            .look_every = options_.look_at_certificates_every},
        credentials_);
    return {};
  }

  Status add_tokens(apiserver::ApiServerOptions& door_options) {
    const std::string& issuer = options_.service_account_issuer;
    if (!issuer.starts_with("https://") || issuer.ends_with('/') || issuer.find_first_of("?# ") != issuer.npos)
      return fail(
          ErrorCode::kInvalid,
          fmt::format("--service-account-issuer {} must be an https URL without a final slash, query or fragment",
                      issuer));
    door_options.service_accounts = std::make_shared<apiserver::ServiceAccountTokens>(
        plane_->registry(), apiserver::ServiceAccountTokenOptions{
                                .issuer = issuer, .key = SLIPWAY_TRY(load_or_create_token_key(options_.data_folder))});
    if (!options_.token_file.empty())
      door_options.tokens.push_back(
          SLIPWAY_TRY(apiserver::StaticTokens::open(options_.token_file, base::SystemClock::instance())));
    if (options_.oidc.issuer_url.empty()) return {};
    SLIPWAY_TRY(apiserver::check_oidc_options(options_.oidc));
    std::string ca_pem;
    if (!options_.oidc_ca_file.empty()) {
      ca_pem = SLIPWAY_TRY(base::read_file(options_.oidc_ca_file).with_context("--oidc-ca-file"));
      SLIPWAY_TRY(pki::read_certificate(ca_pem).with_context("--oidc-ca-file " + options_.oidc_ca_file.string()));
    }
    door_options.tokens.push_back(std::make_shared<apiserver::OidcTokens>(
        options_.oidc, [ca_pem](const std::string& url) { return fetch_https_document(url, ca_pem); }));
    return {};
  }

  SlipwaydOptions options_;
  ConnectionLimits limits_;
  Credentials credentials_;
  std::unique_ptr<ResourcePlane> plane_;
  std::unique_ptr<WorkloadAccess> workload_;
  std::unique_ptr<southbound::Connections> connections_;
  std::unique_ptr<ClusterRoute> route_;
  std::unique_ptr<southbound::Enrollment> enrollment_;
  std::unique_ptr<southbound::AgentDoor> agent_door_;
  std::unique_ptr<control::Manager> manager_;
  std::unique_ptr<gateway::Gateway> gateway_;
  std::unique_ptr<apiserver::AccessPolicyKeeper> access_policy_;
  std::unique_ptr<apiserver::DefaultServiceAccounts> default_accounts_;
  std::unique_ptr<apiserver::ApiServer> api_server_;
  std::unique_ptr<net::HttpServer> api_door_, agent_http_;
  std::unique_ptr<CertificateRenewal> renewal_;
  std::atomic<bool> stopped_{false};
};

}  // namespace

Result<std::unique_ptr<Slipwayd>> Slipwayd::start(SlipwaydOptions options) {
  auto process = std::make_unique<Process>(std::move(options));
  SLIPWAY_TRY(process->open());
  return std::unique_ptr<Slipwayd>(std::move(process));
}

}  // namespace slipway::daemon
