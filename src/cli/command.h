#pragma once

#include <chrono>
#include <cstdio>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>

#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "kube/client.h"

namespace slipway::cli {

using base::Result;
using base::Status;
using data::Json;
using meta::ObjectKey;
using meta::ObjectPtr;

// Exit codes for scripts (docs/cli.md).
enum class ExitCode : int {
  kOk = 0,
  kFailed = 1,  // the operation was refused or failed
  kUsage = 2,   // the command line cannot be understood
  kNotFound = 3,
  kConflict = 4,     // already exists, or changed meanwhile
  kTimeout = 5,      // --wait ran out; the operation goes on in the orchestrator
  kUnreachable = 6,  // the orchestrator does not answer or does not accept our credentials
};
ExitCode exit_code_of(const base::Error& error);

enum class OutputFormat { kTable, kJson, kYaml };

// What every command gets. The streams and the client are injected, so commands run in tests without a process.
struct Context {
  kube::Client* client = nullptr;
  base::Clock* clock = &base::SystemClock::instance();
  base::Random* random = &base::SystemRandom::instance();
  std::FILE* out = stdout;
  std::FILE* err = stderr;
  std::string project = "default";  // namespace
  OutputFormat format = OutputFormat::kTable;
  bool interactive = false;  // out is a terminal: progress may rewrite its line
  std::string server;        // URL of the orchestrator, for hints
  std::stop_token stop;
};

}  // namespace slipway::cli
