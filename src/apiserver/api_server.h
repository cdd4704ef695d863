#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "apiserver/audit/audit_log.h"
#include "apiserver/authentication/authenticator.h"
#include "apiserver/authentication/service_account_tokens.h"
#include "apiserver/authorization/authorizer.h"
#include "apiserver/observation/exposition.h"
#include "apiserver/observation/health_checks.h"
#include "base/clock.h"
#include "base/random.h"
#include "net/http_server.h"
#include "registry/registry.h"

namespace slipway::apiserver {

struct ApiServerOptions {
  base::Clock* clock = &base::SystemClock::instance();
  base::Random* random = &base::SystemRandom::instance();
  // Asked in this order who makes a request, after its client certificate.
  std::vector<std::shared_ptr<Authenticator>> authenticators;
  // Who bearer tokens belong to, asked in this order after the certificate.
  std::vector<std::shared_ptr<TokenAuthenticator>> tokens;
  // Makes and knows tokens of ServiceAccounts, asked first; null: there are none.
  std::shared_ptr<ServiceAccountTokens> service_accounts;
  // Requests without credentials are those of system:anonymous; otherwise 401.
  bool allow_anonymous = true;
  // Members of these groups may do nothing, whatever roles they have: machines whose certificates come from the same
  // authority and are for another door.
  std::vector<std::string> denied_groups;
  // Where requests are told; null: nowhere.
  std::shared_ptr<AuditLog> audit;
  // What /readyz and its like ask beside `ping` and `shutdown`.
  std::vector<HealthCheck> health_checks;
  // What /metrics tells beside the requests, the store's objects and the process; called for every question.
  std::vector<std::function<void(Exposition&)>> metrics;
  int watch_threads = 2;
  std::string address;  // host:port that /api names
};

// The Kubernetes HTTP door over a Registry: discovery, reads, writes, watches, tables, Status errors, as kube-apiserver
// answers them (the API conventions; `kubectl` and client-go are the measure).
// Thread-safe; the registry must outlive it. stop() before the HTTP server stops, so that watches end cleanly.
class ApiServer {
 public:
  explicit ApiServer(registry::Registry& registry, ApiServerOptions options = {});
  ~ApiServer();

  void handle(const net::HttpRequest& request, net::Responder& responder);
  // The Status for a request that handle() never sees; counted, and audited when it came with a head. Does not wait.
  net::HttpResponse refuse(const net::RefusedRequest& refused);
  // How a net::HttpServer serves this door: threads, fairness and refusals. Address and TLS are the caller's; this must
  // outlive the server.
  net::HttpServerOptions http_options();
  // /readyz fails from now on; everything else goes on.
  void begin_shutdown();
  // Ends every watch; later ones end at once.
  void stop();
  std::size_t watch_count() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace slipway::apiserver
