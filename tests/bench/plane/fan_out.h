#pragma once

#include "plane/load.h"

namespace slipway::bench {

struct FanOutOptions {
  std::size_t watchers = 1'000;
  double writes_per_second = 0;  // offered; 0 = nobody writes (the server pushes by itself)
  std::size_t writer_connections = 32;
  std::chrono::milliseconds warm_up{1'000};
  std::chrono::milliseconds time{5'000};
};

struct FanOutResult {
  double events_per_second = 0;     // seen by all watchers together, after the warm-up
  double writes_per_second = 0;     // acknowledged meanwhile
  double p50_lag = 0, p99_lag = 0;  // ms from sending a write to reading its event; of a sample of the watchers
  std::size_t cut = 0;              // watches that ended early
};

// Opens watches of `watch_target` and writes at a fixed rate. `make_write` gets a stamp that the event must carry as
// `"stamp":"<digits>"`.
base::Result<FanOutResult> run_fan_out(const Endpoint& endpoint, SSL_CTX* context, const std::string& watch_target,
                                       const std::function<std::string(std::int64_t stamp)>& make_write,
                                       const FanOutOptions& options);

}  // namespace slipway::bench
