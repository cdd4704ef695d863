#include "standalone/embedded.h"

#include <cstdlib>

#include "api/embedded_file.h"

extern "C" const slipway::api::EmbeddedFile slipway_embedded_standalone_begin[];
extern "C" const slipway::api::EmbeddedFile slipway_embedded_standalone_end[];

namespace slipway::standalone {

namespace {

std::string_view embedded(std::string_view name) {
  for (const auto* file = slipway_embedded_standalone_begin; file != slipway_embedded_standalone_end; ++file)
    if (file->name() == name) return file->content();
  std::abort();  // the build embeds every file that is asked for here
}

}  // namespace

std::string_view first_boot_script() {
  return embedded("first_boot.sh");
}

std::string_view preflight_script() {
  return embedded("preflight.sh");
}

std::string_view default_configuration() {
  return embedded("default.yaml");
}

const std::vector<std::string_view>& timezones() {
  static const std::vector<std::string_view> zones = [] {
    std::vector<std::string_view> names;
    for (std::string_view rest = embedded("timezones.txt"); !rest.empty();) {
      const auto end = rest.find('\n');
      names.push_back(rest.substr(0, end));
      rest.remove_prefix(end == rest.npos ? rest.size() : end + 1);
    }
    return names;
  }();
  return zones;
}

}  // namespace slipway::standalone
