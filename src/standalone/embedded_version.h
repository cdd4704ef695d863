#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

// The version of the K3s that an image brings.
namespace slipway::standalone {

// From the manifest.json that is published with an image. It is where any of these is: kubernetesVersion,
// kubernetes-version, k3sVersion, k3s-version, or `version` in an object named kubernetes or k3s. kInvalid when there
// is none, or when two differ.
base::Result<std::string> version_in_manifest(std::string_view json);

// From the first line of `k3s --version`: "k3s version v1.36.3+k3s1 (...)".
base::Result<std::string> version_in_output(std::string_view output);

// Asks the K3s below `root` ("/mnt" in an installer). kNotFound when there is none.
base::Result<std::string> version_of_root(const std::string& root);

}  // namespace slipway::standalone
