#pragma once

#include <string_view>

namespace slipway::registry {

// True when `text` has the OpenAPI string format, or when the format is not one that kube-apiserver checks.
bool matches_format(std::string_view text, std::string_view format);
bool is_known_format(std::string_view format);

}  // namespace slipway::registry
