#pragma once

#include <string_view>

namespace slipway::api {

// One row of a table written by slipway_embed() (cmake/): a file whose bytes are part of the program. The layout is
// that of the assembly; the views live as long as the program.
class EmbeddedFile {
 public:
  std::string_view name() const { return name_; }  // without folders: "inventory.slipway.dev_hosts.yaml"
  std::string_view content() const { return {begin_, end_}; }

 private:
  const char* name_;
  const char* begin_;
  const char* end_;
};

}  // namespace slipway::api
