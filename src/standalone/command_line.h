#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace slipway::standalone {

// Where a command writes; a test collects.
struct Output {
  std::function<void(std::string_view)> out;    // standard output
  std::function<void(std::string_view)> error;  // standard error
};

// The program cluster-bootstrapper without its name. Exit codes: 0 done, 1 the configuration is wrong, 2 wrong usage,
// 3 a file cannot be read or written.
int run_command_line(const std::vector<std::string>& arguments, const Output& output);

}  // namespace slipway::standalone
