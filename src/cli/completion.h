#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace slipway::cli {

// A command and what may follow it, for completion scripts.
struct CompletionNode {
  std::string name;
  std::vector<std::string> options;
  std::vector<CompletionNode> children;
};

// A completion script for bash, zsh or fish.
base::Result<std::string> completion_script(std::string_view shell, const CompletionNode& root);

}  // namespace slipway::cli
