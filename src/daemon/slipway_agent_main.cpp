#include <csignal>
#include <cstdio>
#include <fmt/core.h>
#include <string>
#include <vector>

#include "agent/agent.h"
#include "base/log.h"
#include "base/version.h"

namespace {

using slipway::base::LogLevel;

LogLevel level_of(const std::string& name) {
  if (name == "debug") return LogLevel::kDebug;
  if (name == "warning") return LogLevel::kWarning;
  return name == "error" ? LogLevel::kError : LogLevel::kInfo;
}

int fail(const slipway::base::Error& error) {
  fmt::print(stderr, "slipway-agent: {}\n", error.message());
  return 1;
}

}  // namespace

// Runs until SIGTERM or SIGINT. Exit code 1: it could not start; the reason is on standard error.
int main(int argc, char** argv) {
  const auto options = slipway::agent::parse_agent_options(std::vector<std::string>(argv + 1, argv + argc));
  if (!options) return fail(options.error());
  if (options->show_help) {
    fmt::print("{}", slipway::agent::agent_help());
    return 0;
  }
  if (options->show_version) {
    fmt::print("slipway-agent {}\n", slipway::base::kVersion);
    return 0;
  }
  slipway::base::set_log_level(level_of(options->log_level));

  // Blocked before the first thread is made, so that only sigwait() sees them.
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGTERM);
  sigaddset(&ends, SIGINT);
  pthread_sigmask(SIG_BLOCK, &ends, nullptr);
  std::signal(SIGPIPE, SIG_IGN);

  const auto agent = slipway::agent::Agent::start(*options);
  if (!agent) return fail(agent.error());
  int signal = 0;
  sigwait(&ends, &signal);
  (*agent)->stop();
  return 0;
}
