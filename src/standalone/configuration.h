#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cloudinit/document.h"
#include "data/json.h"
#include "standalone/problem.h"

// The standalone edge configuration file (docs/standalone-config.md), read and checked. Pure.
namespace slipway::standalone {

using NameAndValue = std::pair<std::string, std::string>;

// A configuration in which nothing is wrong.
struct Configuration {
  std::vector<cloudinit::User> users;  // passwords are hashes
  std::string hostname, fqdn, timezone;
  std::vector<NameAndValue> system_proxy;  // environment variables for /etc/environment
  std::vector<NameAndValue> k3s_proxy;     // for K3s and its installation
  // Of operatingSystem, then of kubernetes.spec, then what is made from users, registries and addons.
  std::vector<cloudinit::WriteFile> files;
  data::Json spec;                     // KThreesConfigSpec as the renderer takes it, without `files`
  std::string version;                 // of K3s, as written or as embedded; "" = not known
  std::vector<NameAndValue> settings;  // what cannot change once the cluster is there
};

struct ReadOptions {
  std::string embedded_version;  // of the K3s in the image, "v1.36.3+k3s1"; "" = not known, then it is not checked
};

struct ReadResult {
  std::optional<Configuration> configuration;  // absent when a problem is an error
  std::vector<Problem> problems;               // errors and warnings, by place
};

// Everything that is wrong is told at once.
ReadResult read_configuration(std::string_view text, const ReadOptions& options = {});

}  // namespace slipway::standalone
