#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "cloudinit/document.h"

namespace slipway::agent {

// What a bootstrap does on the host: first all files, then the commands in order.
struct BootstrapScript {
  std::vector<cloudinit::WriteFile> files;
  std::vector<cloudinit::Command> commands;
};

// Reads the cloud-config subset that bootstrap providers emit (write_files, runcmd). Anything else is refused by name
// (kUnsupported), before anything of it was run. Errors never hold file contents.
base::Result<BootstrapScript> read_bootstrap_script(std::string_view cloud_config);

// The command line that runs `command` with the variables that the commands before it exported, which are kept in
// `environment_file`. User text is passed as an argument, never pasted into shell text.
std::vector<std::string> command_line(const cloudinit::Command& command, const std::string& environment_file);

}  // namespace slipway::agent
