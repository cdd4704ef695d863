// slipwayd: the orchestrator.

#include <CLI/CLI.hpp>
#include <cstdio>
#include <fmt/core.h>

#include "base/log.h"
#include "base/version.h"
#include "daemon/authority_commands.h"
#include "daemon/serve.h"
#include "daemon/store_commands.h"
#include "pki/kubeconfig_files.h"

// Options of jemalloc, see its manual page; the environment's MALLOC_CONF adds to them. Many threads make and free
// objects for each other: few arenas and small thread caches, so that little stays behind with each of them.
extern "C" const char* malloc_conf;
const char* malloc_conf = "narenas:2,dirty_decay_ms:500,muzzy_decay_ms:0,lg_tcache_max:8,tcache_nslots_small_max:24";

namespace {

using slipway::daemon::SlipwaydOptions;

// The flags about an OpenID Connect issuer, as kube-apiserver calls them.
struct OidcFlags {
  slipway::apiserver::OidcOptions oidc;
  std::string ca_file;
  std::vector<std::string> required, algorithms;

  void add(CLI::App& app) {
    app.add_option("--oidc-issuer-url", oidc.issuer_url, "https URL of the OpenID Connect issuer whose tokens count");
    app.add_option("--oidc-client-id", oidc.client_id, "audience that those tokens must have");
    app.add_option("--oidc-username-claim", oidc.username_claim, "claim that is the user's name (default sub)");
    app.add_option("--oidc-username-prefix", oidc.username_prefix,
                   "before the name; '-' for none (default the issuer's URL and #, none for the claim email)");
    app.add_option("--oidc-groups-claim", oidc.groups_claim, "claim that lists the user's groups");
    app.add_option("--oidc-groups-prefix", oidc.groups_prefix, "before every group");
    app.add_option("--oidc-required-claim", required, "CLAIM=VALUE that tokens must hold; may be repeated");
    app.add_option("--oidc-ca-file", ca_file, "PEM of the authority of the issuer's certificate");
    app.add_option("--oidc-signing-algs", algorithms, "algorithms that count, such as ES256 (default RS256)")
        ->delimiter(',');
  }

  slipway::base::Status apply(SlipwaydOptions& options) {
    for (const std::string& pair : required) {
      const std::size_t equals = pair.find('=');
      if (equals == pair.npos || equals == 0)
        return slipway::base::fail(slipway::base::ErrorCode::kInvalid,
                                   "--oidc-required-claim " + pair + " must be CLAIM=VALUE");
      oidc.required_claims[pair.substr(0, equals)] = pair.substr(equals + 1);
    }
    if (!algorithms.empty()) oidc.algorithms.clear();
    for (const std::string& name : algorithms)
      oidc.algorithms.push_back(
          SLIPWAY_TRY(slipway::pki::parse_algorithm(name).with_context("--oidc-signing-algs " + name)));
    options.oidc = oidc;
    options.oidc_ca_file = ca_file;
    return {};
  }
};

// Where the resources live when not here, and which of several replicas leads.
struct ManagementFlags {
  std::string kubeconfig, context;
  bool in_cluster = false;
  slipway::daemon::ManagementClusterOptions options;
  int lease_duration = 15, renew_deadline = 10, retry_period = 2;  // seconds

  void add(CLI::App& app) {
    app.add_option("--kubeconfig", kubeconfig,
                   "run on the Kubernetes cluster of this kubeconfig, beside other replicas, instead of a database");
    app.add_option("--context", context, "context of --kubeconfig (default its current one)")
        ->needs(app.get_option("--kubeconfig"));
    app.add_flag("--in-cluster", in_cluster, "the same, on the cluster of the Pod that slipwayd runs in");
    app.add_option("--leader-elect-namespace", options.ns,
                   "namespace of the Lease and of the certificate authority (default slipway-system)");
    app.add_option("--leader-elect-name", options.lease, "name of the Lease (default slipwayd)");
    app.add_option("--leader-elect-lease-duration", lease_duration,
                   "seconds after which another replica takes over (default 15)");
    app.add_option("--leader-elect-renew-deadline", renew_deadline,
                   "seconds without a renewal after which the leader ends (default 10)");
    app.add_option("--leader-elect-retry-period", retry_period, "seconds between two tries (default 2)");
  }

  bool chosen() const { return in_cluster || !kubeconfig.empty(); }

  slipway::base::Status apply(const SlipwaydOptions& others) {
    const auto wrong = [](const char* message) {
      return slipway::base::Status(slipway::base::ErrorCode::kInvalid, message);
    };
    if (in_cluster && !kubeconfig.empty()) return wrong("give either --kubeconfig or --in-cluster");
    if (!(lease_duration > renew_deadline && renew_deadline > retry_period && retry_period > 0))
      return wrong("--leader-elect-lease-duration must be longer than -renew-deadline, and that than -retry-period");
    options.cluster = SLIPWAY_TRY(in_cluster ? slipway::pki::in_cluster_kubeconfig()
                                             : slipway::pki::load_kubeconfig(kubeconfig, context));
    options.lease_duration = std::chrono::seconds(lease_duration);
    options.renew_deadline = std::chrono::seconds(renew_deadline);
    options.retry_period = std::chrono::seconds(retry_period);
    options.agents = others.agents;
    options.gateway = others.gateway;
    options.advertise = others.advertise;
    return {};
  }
};

}  // namespace

int main(int argc, char** argv) {
  SlipwaydOptions options;
  std::string data_folder, api = "127.0.0.1:6440", agents = "127.0.0.1:6441", gateway = "127.0.0.1:6442",
                           audit = "writes";
  bool verbose = false;
  CLI::App app("slipwayd: the Slipway orchestrator", "slipwayd");
  app.set_version_flag("--version", std::string("slipwayd ") + std::string(slipway::base::kVersion));
  app.add_option("--data-dir", data_folder, "folder of the database, keys and admin.kubeconfig");
  app.add_option("--listen", api, "Kubernetes API, ADDR:PORT; port 0 = any free one (default 127.0.0.1:6440)");
  app.add_option("--agent-listen", agents, "the agents' door, ADDR:PORT (default 127.0.0.1:6441)");
  app.add_option("--gateway-listen", gateway, "the way to the clusters, ADDR:PORT (default 127.0.0.1:6442)");
  app.add_option("--advertise", options.advertise,
                 "DNS name or address under which others reach this machine; may be repeated");
  app.add_option(
      "--audit-log", audit,
      "what DATA-DIR/audit/audit.log tells: none, writes (and refusals, reads of Secrets), all (default writes)");
  app.add_option("--seal", options.sealed,
                 "RESOURCE[.GROUP] to encrypt at rest beside secrets, such as configmaps; may be repeated");
  std::string token_file;
  app.add_option("--token-file", token_file,
                 "CSV of bearer tokens, TOKEN,USER,UID,\"GROUP1,GROUP2\"; mode 0600; read again when it changes");
  app.add_option("--service-account-issuer", options.service_account_issuer,
                 "https URL in tokens of ServiceAccounts, under which others find the keys that verify them (default " +
                     options.service_account_issuer + ")");
  OidcFlags oidc;
  oidc.add(app);
  int shutdown_delay = 0;
  app.add_option("--shutdown-delay", shutdown_delay,
                 "seconds for which /readyz fails before the doors close on SIGTERM (default 0)")
      ->check(CLI::Range(0, 300));
  app.add_flag("--api-only", options.api_only,
               "serve the Kubernetes API alone, without Slipway's kinds, controllers, agents' door and gateway");
  ManagementFlags management;
  management.add(app);
  // What belongs to a database and API of its own.
  for (const char* own : {"--data-dir", "--listen", "--audit-log", "--seal", "--token-file", "--service-account-issuer",
                          "--oidc-issuer-url", "--shutdown-delay", "--api-only"})
    for (const char* remote : {"--kubeconfig", "--in-cluster"}) app.get_option(remote)->excludes(app.get_option(own));
  app.add_flag("-v,--verbose", verbose, "log at debug level");
  std::function<int()> command;
  slipway::daemon::add_store_commands(app, data_folder, command);
  slipway::daemon::add_authority_commands(app, data_folder, command);
  CLI11_PARSE(app, argc, argv);
  if (verbose) slipway::base::set_log_level(slipway::base::LogLevel::kDebug);
  if (command) return command();
  if (data_folder.empty() && !management.chosen()) {
    fmt::print(stderr, "slipwayd: --data-dir is required (or --kubeconfig to run on a management cluster)\n");
    return 2;
  }
  options.data_folder = data_folder;
  options.token_file = token_file;
  if (const auto chosen = oidc.apply(options); !chosen) {
    fmt::print(stderr, "slipwayd: {}\n", chosen.error().message());
    return 2;
  }
  options.shutdown_delay = std::chrono::seconds(shutdown_delay);
  for (const auto& [text, into] :
       {std::pair{&api, &options.api}, {&agents, &options.agents}, {&gateway, &options.gateway}}) {
    auto address = slipway::daemon::parse_listen_address(*text);
    if (!address) {
      fmt::print(stderr, "slipwayd: {}\n", address.error().message());
      return 2;
    }
    *into = *address;
  }
  if (management.chosen()) {
    if (const auto applied = management.apply(options); !applied) {
      fmt::print(stderr, "slipwayd: {}\n", applied.error().message());
      return 2;
    }
    return slipway::daemon::serve(management.options);
  }
  const auto level = slipway::apiserver::parse_audit_level(audit);
  if (!level) {
    fmt::print(stderr, "slipwayd: --audit-log: {}\n", level.error().message());
    return 2;
  }
  options.audit = *level;
  return slipway::daemon::serve(options);
}
