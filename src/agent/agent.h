#pragma once

#include <memory>

#include "agent/agent_options.h"
#include "base/unique_fd.h"

namespace slipway::agent {

// slipway-agent without its main(): start() returns when the work goes on in threads, stop() ends them. A bootstrap or
// reset that is running is ended and goes on at the next start.
class Agent {
 public:
  static base::Result<std::unique_ptr<Agent>> start(AgentOptions options);
  ~Agent();
  void stop();
  bool is_connected() const;

 private:
  struct Parts;
  explicit Agent(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace slipway::agent
