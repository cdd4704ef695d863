#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "standalone/problem.h"

namespace slipway::standalone {

// An older config-file as YAML. `problems` refer to the old file: lines that were left out are warnings, what has no
// counterpart at all is an error.
struct Conversion {
  std::string yaml;
  std::vector<Problem> problems;
};

// Reads every generation of the raw-text config-file: `key=value` lines as a shell would take them, and behind them,
// from `services:`, `write_files:` or `runcmd:` on, YAML. Nothing is executed. The result is checked by
// read_configuration() as any other file.
Conversion convert_raw_text(std::string_view text);

}  // namespace slipway::standalone
