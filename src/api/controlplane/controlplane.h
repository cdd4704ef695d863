#pragma once

#include <string_view>

#include "meta/gvk.h"

// controlplane.cluster.x-k8s.io: the K3s control-plane provider's kinds (wire names of cluster-api-k3s).
namespace slipway::api::controlplane {

inline constexpr std::string_view kGroup = "controlplane.cluster.x-k8s.io";
inline const meta::Gvk kKThreesControlPlane{"controlplane.cluster.x-k8s.io", "v1beta2", "KThreesControlPlane"};
inline const meta::Gvk kKThreesControlPlaneTemplate{"controlplane.cluster.x-k8s.io", "v1beta2",
                                                    "KThreesControlPlaneTemplate"};

inline constexpr std::string_view kFinalizer = "kthrees.controlplane.cluster.x-k8s.io";
inline constexpr std::string_view kServerConfigurationAnnotation =
    "controlplane.cluster.x-k8s.io/kthrees-server-configuration";
inline constexpr std::string_view kSkipCorednsAnnotation = "controlplane.cluster.x-k8s.io/skip-coredns";
inline constexpr std::string_view kRemediationInProgressAnnotation =
    "controlplane.cluster.x-k8s.io/remediation-in-progress";
inline constexpr std::string_view kRemediationForAnnotation = "controlplane.cluster.x-k8s.io/remediation-for";

namespace condition {
inline constexpr std::string_view kReady = "Ready";
inline constexpr std::string_view kAvailable = "Available";
inline constexpr std::string_view kInitialized = "Initialized";
inline constexpr std::string_view kMachinesSpecUpToDate = "MachinesSpecUpToDate";
inline constexpr std::string_view kResized = "Resized";
inline constexpr std::string_view kMachinesReady = "MachinesReady";
inline constexpr std::string_view kCertificatesAvailable = "CertificatesAvailable";
inline constexpr std::string_view kTokenAvailable = "TokenAvailable";
inline constexpr std::string_view kControlPlaneComponentsHealthy = "ControlPlaneComponentsHealthy";
inline constexpr std::string_view kEtcdClusterHealthy = "EtcdClusterHealthyCondition";  // the suffix is on the wire
// On Machines.
inline constexpr std::string_view kAgentHealthy = "AgentHealthy";
inline constexpr std::string_view kEtcdMemberHealthy = "EtcdMemberHealthy";
}  // namespace condition

namespace reason {
inline constexpr std::string_view kWaitingForKthreesServer = "WaitingForKthreesServer";
inline constexpr std::string_view kScalingUp = "ScalingUp";
inline constexpr std::string_view kScalingDown = "ScalingDown";
inline constexpr std::string_view kRollingUpdateInProgress = "RollingUpdateInProgress";
inline constexpr std::string_view kDeleting = "Deleting";
inline constexpr std::string_view kControlPlaneComponentsUnhealthy = "ControlPlaneComponentsUnhealthy";
inline constexpr std::string_view kControlPlaneComponentsUnknown = "ControlPlaneComponentsUnknown";
inline constexpr std::string_view kControlPlaneComponentsInspectionFailed = "ControlPlaneComponentsInspectionFailed";
}  // namespace reason

}  // namespace slipway::api::controlplane
