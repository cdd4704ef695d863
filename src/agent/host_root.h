#pragma once

#include <filesystem>
#include <string_view>

namespace slipway::agent {

// Where the host's file system begins: "/" in the program, a scratch folder in tests. Every absolute path of the host
// goes through it.
class HostRoot {
 public:
  explicit HostRoot(std::filesystem::path root = "/") : root_(std::move(root)) {}
  std::filesystem::path at(std::string_view absolute) const {
    return root_ / std::filesystem::path(absolute).relative_path();
  }
  // The path as the host itself calls it.
  std::filesystem::path inside(const std::filesystem::path& outside) const {
    return std::filesystem::path("/") / outside.lexically_relative(root_);
  }

 private:
  std::filesystem::path root_;
};

}  // namespace slipway::agent
