#pragma once

#include <chrono>
#include <set>
#include <string>

#include "cli/command.h"

namespace slipway::cli {

// Shows a cluster's creation as it happens: one line per step reached with its time since the start, and, on a
// terminal, a last line with the step under way and its elapsed time.
class CreationProgress {
 public:
  CreationProgress(const Context& context, const Json& cluster);

  // Prints what is new; true when the cluster is ready.
  bool show(const Json& cluster);
  void finish();

 private:
  const Context& context_;
  base::WallTime start_;
  std::chrono::nanoseconds step_start_;
  std::string current_;
  std::set<std::string> shown_;
  bool line_open_ = false;
};

}  // namespace slipway::cli
