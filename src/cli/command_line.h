#pragma once

#include <functional>
#include <memory>
#include <string>

#include "cli/command.h"

namespace slipway::cli {

// Makes the client for the kubeconfig file and the context that the user chose, "" for those that kubectl would take
// (tests give their own).
using ConnectClient = std::function<Result<std::shared_ptr<kube::Client>>(
    const std::string& kubeconfig_path, const std::string& kubeconfig_context, std::string& server)>;

// Parses the arguments, runs the command, prints errors to `context.err` and returns the process's exit code.
int run_command_line(int argc, const char* const* argv, Context context, const ConnectClient& connect);

}  // namespace slipway::cli
