#pragma once

#include <string_view>

// Where K3s keeps its things on a host (its defaults; the data folder is not configurable here).
namespace slipway::distro::k3s {

inline constexpr std::string_view kBinary = "/usr/local/bin/k3s";
inline constexpr std::string_view kEmbeddedInstallScript = "/opt/install.sh";  // default of airGappedInstallScriptPath
inline constexpr std::string_view kInstallScriptUrl = "https://get.k3s.io";

inline constexpr std::string_view kConfigFolder = "/etc/rancher/k3s";
inline constexpr std::string_view kConfigFile = "/etc/rancher/k3s/config.yaml";
inline constexpr std::string_view kConfigDropInFolder = "/etc/rancher/k3s/config.yaml.d";
inline constexpr std::string_view kKubeconfigFile = "/etc/rancher/k3s/k3s.yaml";
inline constexpr std::string_view kNodeFolder = "/etc/rancher/node";

inline constexpr std::string_view kDataFolder = "/var/lib/rancher/k3s";
inline constexpr std::string_view kImagesFolder = "/var/lib/rancher/k3s/agent/images";
inline constexpr std::string_view kServerTlsFolder = "/var/lib/rancher/k3s/server/tls";
inline constexpr std::string_view kTokenFile = "/var/lib/rancher/k3s/server/token";
inline constexpr std::string_view kManifestsFolder = "/var/lib/rancher/k3s/server/manifests";

inline constexpr std::string_view kServerUnit = "k3s.service";
inline constexpr std::string_view kAgentUnit = "k3s-agent.service";
inline constexpr int kApiPort = 6443;

}  // namespace slipway::distro::k3s
