#pragma once

#include <cstddef>

namespace slipway::daemon {

// How many connections each door may have: so few that file descriptors stay free for the store, the audit log and the
// ways out to clusters. What comes beyond waits.
struct ConnectionLimits {
  std::size_t api = 0;
  std::size_t agents = 0;
  std::size_t gateway = 0;
  bool operator==(const ConnectionLimits&) const = default;
};
ConnectionLimits connection_limits(std::size_t max_open_files, bool api_only);

// Raises this process's soft limit of open files to the hard one; returns what holds now.
std::size_t raise_open_file_limit();

}  // namespace slipway::daemon
