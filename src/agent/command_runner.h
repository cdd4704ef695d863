#pragma once

#include <stop_token>

#include "base/subprocess.h"

namespace slipway::agent {

// Running programs as an injected effect. Thread-safe.
class CommandRunner {
 public:
  virtual ~CommandRunner() = default;
  virtual base::Result<base::ProcessResult> run(const base::ProcessOptions& options, std::stop_token stop) = 0;
};

class SystemCommandRunner final : public CommandRunner {
 public:
  base::Result<base::ProcessResult> run(const base::ProcessOptions& options, std::stop_token stop) override {
    return base::run_process(options, std::move(stop));
  }
};

}  // namespace slipway::agent
