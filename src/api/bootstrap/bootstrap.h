#pragma once

#include <string_view>

#include "meta/gvk.h"

// bootstrap.cluster.x-k8s.io: the K3s bootstrap provider's kinds (wire names of cluster-api-k3s).
namespace slipway::api::bootstrap {

inline constexpr std::string_view kGroup = "bootstrap.cluster.x-k8s.io";
inline const meta::Gvk kKThreesConfig{"bootstrap.cluster.x-k8s.io", "v1beta2", "KThreesConfig"};
inline const meta::Gvk kKThreesConfigTemplate{"bootstrap.cluster.x-k8s.io", "v1beta2", "KThreesConfigTemplate"};

namespace condition {
inline constexpr std::string_view kReady = "Ready";
inline constexpr std::string_view kDataSecretAvailable = "DataSecretAvailable";
inline constexpr std::string_view kCertificatesAvailable = "CertificatesAvailable";
}  // namespace condition

namespace reason {
inline constexpr std::string_view kWaitingForClusterInfrastructure = "WaitingForClusterInfrastructure";
inline constexpr std::string_view kWaitingForControlPlaneAvailable = "WaitingForControlPlaneAvailable";
inline constexpr std::string_view kDataSecretGenerationFailed = "DataSecretGenerationFailed";
inline constexpr std::string_view kCertificatesGenerationFailed = "CertificatesGenerationFailed";
inline constexpr std::string_view kCertificatesCorrupted = "CertificatesCorrupted";
inline constexpr std::string_view kTokenGenerationFailed = "TokenGenerationFailed";
}  // namespace reason

}  // namespace slipway::api::bootstrap
