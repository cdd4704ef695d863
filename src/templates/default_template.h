#pragma once

#include <string>

#include "data/json.h"

namespace slipway::templates {

// The ClusterTemplate that every project starts with: single-server K3s of the minor version below, marked as default.
// Any patch of that minor in an image fits (distro/compatibility.h), so it needs no change for patch releases.
inline constexpr const char* kDefaultTemplateName = "baseline-k3s-v0.1.0";
inline constexpr const char* kDefaultKubernetesVersion = "v1.36.0+k3s1";
data::Json default_cluster_template(const std::string& ns);

}  // namespace slipway::templates
