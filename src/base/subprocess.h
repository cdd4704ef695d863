#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace slipway::base {

// What to run: argv[0] is looked up on PATH; no shell is involved.
struct ProcessOptions {
  std::vector<std::string> argv;
  std::string input;                                              // standard input
  std::optional<std::map<std::string, std::string>> environment;  // the whole environment; absent = inherit
  std::string working_folder;
  std::chrono::milliseconds timeout{60'000};  // then SIGTERM to the process group, SIGKILL after kill_grace
  std::chrono::milliseconds kill_grace{2'000};
  std::size_t output_limit = 256u << 10;            // per stream; more is read and thrown away
  std::function<void(std::string_view)> on_output;  // stdout and stderr as they come, from the calling thread
};

struct ProcessResult {
  int exit_code = -1;  // 128 + signal when ended by a signal, as a shell says it
  bool timed_out = false;
  bool cancelled = false;
  std::string standard_output;
  std::string standard_error;
  bool output_truncated = false;
};

// Runs a program in its own process group and waits for it. An Error means it could not be started; a program that
// fails is a ProcessResult with its exit code. A stop request ends the whole group like a timeout.
Result<ProcessResult> run_process(const ProcessOptions& options, std::stop_token stop = {});

}  // namespace slipway::base
