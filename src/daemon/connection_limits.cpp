#include "daemon/connection_limits.h"

#include <algorithm>
#include <sys/resource.h>
#include <utility>

#include "base/log.h"

namespace slipway::daemon {

namespace {

constexpr std::size_t kReserved = 256;  // database, logs, event loops, and what a command does meanwhile
constexpr ConnectionLimits kMost{.api = 20'000, .agents = 20'000, .gateway = 5'000};

}  // namespace

ConnectionLimits connection_limits(std::size_t max_open_files, bool api_only) {
  const std::size_t free = max_open_files - std::min(kReserved, max_open_files / 3);
  if (api_only) return {.api = std::min(kMost.api, free), .agents = 0, .gateway = 0};
  // A tenth is left for the connections that controllers make to clusters.
  return {.api = std::min(kMost.api, free * 45 / 100),
          .agents = std::min(kMost.agents, free * 35 / 100),
          .gateway = std::min(kMost.gateway, free / 10)};
}

std::size_t raise_open_file_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 1'024;
  if (limit.rlim_cur < limit.rlim_max) {
    const rlim_t soft = std::exchange(limit.rlim_cur, limit.rlim_max);
    if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) {
      limit.rlim_cur = soft;
      base::log_warning("slipwayd", "the limit of open files stays {}: it cannot be raised", soft);
    }
  }
  return static_cast<std::size_t>(std::min<rlim_t>(limit.rlim_cur, 1u << 30));
}

}  // namespace slipway::daemon
