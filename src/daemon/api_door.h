#pragma once

#include <functional>
#include <memory>

#include "apiserver/api_server.h"
#include "apiserver/authentication/default_service_accounts.h"
#include "apiserver/authorization/role_aggregation.h"
#include "daemon/credentials.h"
#include "daemon/resource_plane.h"
#include "daemon/slipwayd.h"
#include "net/http_server.h"

namespace slipway::daemon {

// The Kubernetes API of the embedded resource plane: authentication, authorization, audit, health and metrics on one
// HTTPS port.
class ApiDoor {
 public:
  using WriteMetrics = std::function<void(apiserver::Exposition&)>;

  // `metrics` may be empty. `plane` must outlive it.
  static base::Result<std::unique_ptr<ApiDoor>> open(ResourcePlane& plane, const SlipwaydOptions& options,
                                                     const Credentials& credentials, std::size_t max_connections,
                                                     WriteMetrics metrics);
  ~ApiDoor() { stop(); }
  // /readyz fails for the shutdown delay, then the door closes; what keeps the access policy ends last, in
  // stop_keepers().
  void stop();
  void stop_keepers();

  std::uint16_t port() const { return http_->port(); }
  net::HttpServer& http() { return *http_; }

 private:
  ApiDoor(ResourcePlane& plane, const SlipwaydOptions& options) : plane_(plane), options_(options) {}
  base::Status serve(const Credentials& credentials, std::size_t max_connections, WriteMetrics metrics);
  base::Status add_tokens(apiserver::ApiServerOptions& door);
  base::Status add_oidc(apiserver::ApiServerOptions& door);

  ResourcePlane& plane_;
  const SlipwaydOptions options_;
  std::unique_ptr<apiserver::AccessPolicyKeeper> access_policy_;
  std::unique_ptr<apiserver::DefaultServiceAccounts> default_accounts_;
  std::unique_ptr<apiserver::ApiServer> api_server_;
  std::unique_ptr<net::HttpServer> http_;
  bool stopped_ = false;
};

}  // namespace slipway::daemon
