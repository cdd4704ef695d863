#include "daemon/api_door.h"

#include <fmt/core.h>
#include <thread>

#include "apiserver/authentication/static_tokens.h"
#include "base/files.h"
#include "daemon/certificate_renewal.h"
#include "daemon/https_document.h"
#include "southbound/enrollment.h"

namespace slipway::daemon {

using base::ErrorCode;
using base::Result;
using base::Status;

namespace {

constexpr std::chrono::seconds kGrace{10};  // for slow readers of what is answered already

}  // namespace

Result<std::unique_ptr<ApiDoor>> ApiDoor::open(ResourcePlane& plane, const SlipwaydOptions& options,
                                               const Credentials& credentials, std::size_t max_connections,
                                               WriteMetrics metrics) {
  auto door = std::unique_ptr<ApiDoor>(new ApiDoor(plane, options));
  SLIPWAY_TRY(door->serve(credentials, max_connections, std::move(metrics)));
  return door;
}

Status ApiDoor::serve(const Credentials& credentials, std::size_t max_connections, WriteMetrics metrics) {
  access_policy_ = SLIPWAY_TRY(apiserver::AccessPolicyKeeper::start(plane_.registry()));
  default_accounts_ = SLIPWAY_TRY(apiserver::DefaultServiceAccounts::start(plane_.registry()));
  std::shared_ptr<apiserver::AuditLog> audit;
  if (options_.audit != apiserver::AuditLevel::kNone)
    audit = SLIPWAY_TRY(apiserver::AuditLog::open({.folder = options_.data_folder / "audit", .level = options_.audit},
                                                  base::SystemClock::instance()));
  // An agent's certificate is for the agents' door.
  apiserver::ApiServerOptions door{.denied_groups = {std::string(southbound::kHostsOrganization)},
                                   .audit = std::move(audit)};
  SLIPWAY_TRY(add_tokens(door));
  SLIPWAY_TRY(add_oidc(door));
  door.health_checks.push_back({.name = "store", .test = [this] { return plane_.check_store(); }});
  if (metrics) door.metrics.push_back(std::move(metrics));
  api_server_ = std::make_unique<apiserver::ApiServer>(plane_.registry(), std::move(door));
  net::HttpServerOptions http = api_server_->http_options();
  http.address = options_.api.host;
  http.port = options_.api.port;
  http.tls = door_tls(credentials);
  http.max_connections = max_connections;
  http_ = SLIPWAY_TRY(net::HttpServer::start(
      http, [this](const auto& request, auto& responder) { api_server_->handle(request, responder); }));
  return {};
}

void ApiDoor::stop() {
  if (std::exchange(stopped_, true)) return;
  if (api_server_) {
    api_server_->begin_shutdown();
    std::this_thread::sleep_for(options_.shutdown_delay);
    api_server_->stop();
  }
  if (http_) http_->stop(kGrace);
}

void ApiDoor::stop_keepers() {
  if (default_accounts_) default_accounts_->stop();
  if (access_policy_) access_policy_->stop();
}

Status ApiDoor::add_tokens(apiserver::ApiServerOptions& door) {
  const std::string& issuer = options_.service_account_issuer;
  if (!issuer.starts_with("https://") || issuer.ends_with('/') || issuer.find_first_of("?# ") != issuer.npos)
    return Status(
        ErrorCode::kInvalid,
        fmt::format("--service-account-issuer {} must be an https URL without a final slash, query or fragment",
                    issuer));
  door.service_accounts = std::make_shared<apiserver::ServiceAccountTokens>(
      plane_.registry(), apiserver::ServiceAccountTokenOptions{
                             .issuer = issuer, .key = SLIPWAY_TRY(load_or_create_token_key(options_.data_folder))});
  if (!options_.token_file.empty())
    door.tokens.push_back(
        SLIPWAY_TRY(apiserver::StaticTokens::open(options_.token_file, base::SystemClock::instance())));
  return {};
}

Status ApiDoor::add_oidc(apiserver::ApiServerOptions& door) {
  if (options_.oidc.issuer_url.empty()) return {};
  SLIPWAY_TRY(apiserver::check_oidc_options(options_.oidc));
  std::string ca_pem;
  if (!options_.oidc_ca_file.empty()) {
    ca_pem = SLIPWAY_TRY(base::read_file(options_.oidc_ca_file).with_context("--oidc-ca-file"));
    SLIPWAY_TRY(pki::read_certificate(ca_pem).with_context("--oidc-ca-file " + options_.oidc_ca_file.string()));
  }
  door.tokens.push_back(std::make_shared<apiserver::OidcTokens>(
      options_.oidc, [ca_pem](const std::string& url) { return fetch_https_document(url, ca_pem); }));
  return {};
}

}  // namespace slipway::daemon
