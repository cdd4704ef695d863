#pragma once

#include <string>

#include "base/result.h"
#include "distro/k3s/config.h"

namespace slipway::distro::k3s {

struct Installation {
  Role role = Role::kInitServer;
  bool air_gapped = false;
  std::string script_path;  // air-gapped only; "" = kEmbeddedInstallScript
  std::string version;      // download only: "v1.36.3+k3s1"
};

// Shell text that makes a running service of K3s and fails when any part of it fails. Air-gapped it uses the binary,
// images and script that the host's image brings and says so when they are missing; otherwise it fetches K3s' own
// script to a file first, so that a broken download is not taken for success. Everything variable is quoted.
// kInvalid: a script path that is not absolute, a version that cannot be understood.
base::Result<std::string> install_command(const Installation& installation);

}  // namespace slipway::distro::k3s
