#pragma once

#include <string_view>
#include <vector>

// Files that are part of the program.
namespace slipway::standalone {

std::string_view first_boot_script();
std::string_view
preflight_script();  // checks the machine, before K3s is started or by hand              // first_boot.sh
std::string_view default_configuration();          // api/standalone/default.yaml
const std::vector<std::string_view>& timezones();  // names of the IANA database, sorted

}  // namespace slipway::standalone
