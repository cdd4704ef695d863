#include "daemon/serve.h"

#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fmt/core.h>
#include <unistd.h>

#include "base/log.h"

namespace slipway::daemon {

namespace {

// SIGINT and SIGTERM are blocked before any thread exists, so that only wait() sees them.
class EndSignals {
 public:
  EndSignals() {
    sigemptyset(&signals_);
    sigaddset(&signals_, SIGINT);
    sigaddset(&signals_, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
    std::signal(SIGPIPE, SIG_IGN);
  }
  void wait() const {
    int number = 0;
    sigwait(&signals_, &number);
    base::log_info("slipwayd", "stopping on signal {}", number);
  }

 private:
  sigset_t signals_;
};

int refuse(const base::Error& error) {
  fmt::print(stderr, "slipwayd: {}\n", error.message());
  return 1;
}

void say(const std::string& line) {
  fmt::print("{}\n", line);
  std::fflush(stdout);
}

}  // namespace

int serve(const SlipwaydOptions& options) {
  const EndSignals signals;
  auto started = Slipwayd::start(options);
  if (!started) return refuse(started.error());
  const Slipwayd& slipwayd = **started;
  say(fmt::format("slipwayd ready url={} kubeconfig={} agents={} gateway={}", slipwayd.api_url(),
                  slipwayd.kubeconfig_path().string(), slipwayd.agents_url(), slipwayd.gateway_address()));
  signals.wait();
  (*started)->stop();
  return 0;
}

int serve(const ManagementClusterOptions& options) {
  const EndSignals signals;
  std::atomic<int> exit_code = 0;
  const ManagedSlipwayd::Events events{
      .leading =
          [&](const ManagedSlipwayd& replica) {
            say(fmt::format("slipwayd ready url={} agents={} gateway={}", options.cluster.server, replica.agents_url(),
                            replica.gateway_address()));
          },
      .failed =
          [&](const base::Error& error) {
            exit_code = refuse(error);
            ::kill(::getpid(), SIGTERM);
          },
      // Nothing is stopped in order: another replica leads in a moment, and every step may be cut anywhere.
      .lost =
          [](const std::string& message) {
            fmt::print(stderr, "slipwayd: {}; ending so that another replica can go on\n", message);
            std::fflush(stderr);
            std::_Exit(kLeadLost);
          }};
  auto started = ManagedSlipwayd::start(options, events);
  if (!started) return refuse(started.error());
  say(fmt::format("slipwayd standby url={} lease={}/{} identity={}", options.cluster.server, options.ns, options.lease,
                  (*started)->identity()));
  signals.wait();
  (*started)->stop();
  return exit_code;
}

}  // namespace slipway::daemon
