// slipwayd: the orchestrator.

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <fmt/core.h>
#include <malloc.h>

#include "base/log.h"
#include "base/version.h"
#include "daemon/slipwayd.h"
#include "daemon/store_commands.h"

namespace {

using slipway::daemon::Slipwayd;
using slipway::daemon::SlipwaydOptions;

int serve(const SlipwaydOptions& options) {
  // Blocked before any thread exists, so that only the wait below sees them.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);

  auto started = Slipwayd::start(options);
  if (!started) {
    fmt::print(stderr, "slipwayd: {}\n", started.error().message());
    return 1;
  }
  const Slipwayd& slipwayd = **started;
  fmt::print("slipwayd ready url={} kubeconfig={} agents={} gateway={}\n", slipwayd.api_url(),
             slipwayd.kubeconfig_path().string(), slipwayd.agents_url(), slipwayd.gateway_address());
  std::fflush(stdout);
  int number = 0;
  sigwait(&signals, &number);
  slipway::base::log_info("slipwayd", "stopping on signal {}", number);
  (*started)->stop();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  // Many threads make and free objects for each other; an allocator arena for each would keep many times what is used.
  mallopt(M_ARENA_MAX, 2);
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
  app.add_flag("--api-only", options.api_only,
               "serve the Kubernetes API alone, without Slipway's kinds, controllers, agents' door and gateway");
  app.add_flag("-v,--verbose", verbose, "log at debug level");
  std::function<int()> store_command;
  slipway::daemon::add_store_commands(app, data_folder, store_command);
  CLI11_PARSE(app, argc, argv);
  if (verbose) slipway::base::set_log_level(slipway::base::LogLevel::kDebug);
  if (store_command) return store_command();
  if (data_folder.empty()) {
    fmt::print(stderr, "slipwayd: --data-dir is required\n");
    return 2;
  }
  options.data_folder = data_folder;
  for (const auto& [text, into] :
       {std::pair{&api, &options.api}, {&agents, &options.agents}, {&gateway, &options.gateway}}) {
    auto address = slipway::daemon::parse_listen_address(*text);
    if (!address) {
      fmt::print(stderr, "slipwayd: {}\n", address.error().message());
      return 2;
    }
    *into = *address;
  }
  const auto level = slipway::apiserver::parse_audit_level(audit);
  if (!level) {
    fmt::print(stderr, "slipwayd: --audit-log: {}\n", level.error().message());
    return 2;
  }
  options.audit = *level;
  return serve(options);
}
