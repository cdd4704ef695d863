#include "agent/bootstrap_script.h"

namespace slipway::agent {

using base::ErrorCode;
using base::Result;

Result<BootstrapScript> read_bootstrap_script(std::string_view cloud_config) {
  cloudinit::Document document = SLIPWAY_TRY(cloudinit::parse(cloud_config).with_context("the bootstrap document"));
  if (!document.boot_commands.empty())
    return base::fail(ErrorCode::kUnsupported,
                      "the bootstrap document: bootcmd runs at every boot, which this agent does not do; use runcmd");
  return BootstrapScript{std::move(document.files), std::move(document.run_commands)};
}

std::vector<std::string> command_line(const cloudinit::Command& command, const std::string& environment_file) {
  constexpr const char* kRunLine =
      "[ ! -r \"$1\" ] || . \"$1\"; trap 'umask 077; export -p >\"$SLIPWAY_ENVIRONMENT\"' EXIT; eval \"$2\"";
  constexpr const char* kRunArguments = "[ ! -r \"$1\" ] || . \"$1\"; shift; exec \"$@\"";
  std::vector<std::string> argv{"/bin/sh", "-c", command.arguments.empty() ? kRunLine : kRunArguments, "bootstrap",
                                environment_file};
  if (command.arguments.empty()) {
    argv.push_back(command.line);
  } else {
    argv.insert(argv.end(), command.arguments.begin(), command.arguments.end());
  }
  return argv;
}

}  // namespace slipway::agent
