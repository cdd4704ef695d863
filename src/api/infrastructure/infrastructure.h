#pragma once

#include <string_view>

#include "meta/gvk.h"

// infrastructure.cluster.x-k8s.io: the edge infrastructure provider's kinds (wire names of cluster-api-provider-intel).
namespace slipway::api::infrastructure {

inline constexpr std::string_view kGroup = "infrastructure.cluster.x-k8s.io";
inline const meta::Gvk kIntelCluster{"infrastructure.cluster.x-k8s.io", "v1alpha1", "IntelCluster"};
inline const meta::Gvk kIntelClusterTemplate{"infrastructure.cluster.x-k8s.io", "v1alpha1", "IntelClusterTemplate"};
inline const meta::Gvk kIntelMachine{"infrastructure.cluster.x-k8s.io", "v1alpha1", "IntelMachine"};
inline const meta::Gvk kIntelMachineTemplate{"infrastructure.cluster.x-k8s.io", "v1alpha1", "IntelMachineTemplate"};
inline const meta::Gvk kIntelMachineBinding{"infrastructure.cluster.x-k8s.io", "v1alpha1", "IntelMachineBinding"};

inline constexpr std::string_view kIntelClusterFinalizer = "intelcluster.infrastructure.cluster.x-k8s.io";
// Stands on an IntelMachine from the moment it holds a host until the host is clean or let go.
inline constexpr std::string_view kHostCleanupFinalizer = "intelmachine.infrastructure.cluster.x-k8s.io/host-cleanup";
inline constexpr std::string_view kFreeInstanceFinalizer = "intelmachine.infrastructure.cluster.x-k8s.io/free-instance";
inline constexpr std::string_view kDeauthHostFinalizer = "intelmachine.infrastructure.cluster.x-k8s.io/deauth-host";

inline constexpr std::string_view kAgentStatusAnnotation = "intelmachine.infrastructure.cluster.x-k8s.io/agent-status";
inline constexpr std::string_view kHostIdAnnotation = "intelmachine.infrastructure.cluster.x-k8s.io/host-id";
inline constexpr std::string_view kNodeGuidLabel = "NodeGUID";

namespace condition {
inline constexpr std::string_view kReady = "Ready";
inline constexpr std::string_view kPaused = "Paused";
// IntelCluster; the first is spelled this way on the wire.
inline constexpr std::string_view kControlPlaneEndpointReady = "ControlPlaneEnpointReady";
inline constexpr std::string_view kWorkloadCreatedReady = "WorkloadCreatedReady";
inline constexpr std::string_view kSecureTunnelEstablished = "SecureTunnelEstablished";
// IntelMachine.
inline constexpr std::string_view kHostProvisioned = "HostProvisioned";
inline constexpr std::string_view kBootstrapExecSucceeded = "BootstrapExecSucceeded";
}  // namespace condition

namespace reason {
inline constexpr std::string_view kReady = "Ready";
inline constexpr std::string_view kWaitingForControlPlaneEndpoint = "WaitingForControlPlaneEndpoint";
inline constexpr std::string_view kInvalidControlPlaneEndpoint = "InvalidControlPlaneEndpoint";
inline constexpr std::string_view kConnectAgentDisconnected = "ConnectAgentDisconnected";
inline constexpr std::string_view kConnectAgentUnknown = "ConnectAgentUnknown";
inline constexpr std::string_view kWaitingForClusterInfrastructure = "WaitingForClusterInfrastructure";
inline constexpr std::string_view kWaitingForBootstrapData = "WaitingForBootstrapData";
inline constexpr std::string_view kWaitingForControlPlaneAvailable = "WaitingForControlPlaneAvailable";
inline constexpr std::string_view kWaitingForMachineBinding = "WaitingForMachineBinding";
inline constexpr std::string_view kHostProvisioningFailed = "HostProvisioningFailed";
inline constexpr std::string_view kDeleting = "Deleting";
inline constexpr std::string_view kBootstrapping = "Bootstrapping";
inline constexpr std::string_view kBootstrapFailed = "BootstrapFailed";
inline constexpr std::string_view kBootstrapWaiting = "BootstrapWaiting";
}  // namespace reason

}  // namespace slipway::api::infrastructure
