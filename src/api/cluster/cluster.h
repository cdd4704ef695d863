#pragma once

#include <string_view>

#include "meta/gvk.h"

// cluster.x-k8s.io: kinds and the words of its wire format (sigs.k8s.io/cluster-api v1.14).
namespace slipway::api::cluster {

inline constexpr std::string_view kGroup = "cluster.x-k8s.io";
inline constexpr std::string_view kVersion = "v1beta2";        // stored
inline constexpr std::string_view kServedVersion = "v1beta1";  // served by conversion.h

inline const meta::Gvk kCluster{"cluster.x-k8s.io", "v1beta2", "Cluster"};
inline const meta::Gvk kClusterClass{"cluster.x-k8s.io", "v1beta2", "ClusterClass"};
inline const meta::Gvk kMachine{"cluster.x-k8s.io", "v1beta2", "Machine"};

// Labels.
inline constexpr std::string_view kClusterNameLabel = "cluster.x-k8s.io/cluster-name";
inline constexpr std::string_view kControlPlaneLabel = "cluster.x-k8s.io/control-plane";
inline constexpr std::string_view kControlPlaneNameLabel = "cluster.x-k8s.io/control-plane-name";
inline constexpr std::string_view kTopologyOwnedLabel = "topology.cluster.x-k8s.io/owned";

// Annotations.
inline constexpr std::string_view kPausedAnnotation = "cluster.x-k8s.io/paused";
inline constexpr std::string_view kClonedFromNameAnnotation = "cluster.x-k8s.io/cloned-from-name";
inline constexpr std::string_view kClonedFromGroupKindAnnotation = "cluster.x-k8s.io/cloned-from-groupkind";
inline constexpr std::string_view kManagedByAnnotation = "cluster.x-k8s.io/managed-by";
inline constexpr std::string_view kSkipRemediationAnnotation = "cluster.x-k8s.io/skip-remediation";
inline constexpr std::string_view kExcludeNodeDrainingAnnotation = "machine.cluster.x-k8s.io/exclude-node-draining";
inline constexpr std::string_view kConversionDataAnnotation = "cluster.x-k8s.io/conversion-data";
// Of the Node of a Machine.
inline constexpr std::string_view kNodeClusterNameAnnotation = "cluster.x-k8s.io/cluster-name";
inline constexpr std::string_view kNodeClusterNamespaceAnnotation = "cluster.x-k8s.io/cluster-namespace";
inline constexpr std::string_view kNodeMachineAnnotation = "cluster.x-k8s.io/machine";
inline constexpr std::string_view kNodeOwnerKindAnnotation = "cluster.x-k8s.io/owner-kind";
inline constexpr std::string_view kNodeOwnerNameAnnotation = "cluster.x-k8s.io/owner-name";

// Ours, on a Cluster: what happens to its hosts when it is deleted.
inline constexpr std::string_view kDeletePolicyAnnotation = "slipway.dev/delete-policy";
inline constexpr std::string_view kDeletePolicyReset = "reset";  // the default
inline constexpr std::string_view kDeletePolicyDeauthorize = "deauthorize";
inline constexpr std::string_view kDeletePolicyKeep = "keep";

// Finalizers.
inline constexpr std::string_view kClusterFinalizer = "cluster.cluster.x-k8s.io";
inline constexpr std::string_view kMachineFinalizer = "machine.cluster.x-k8s.io";

// The wire format between providers: Secrets of this type, named <cluster>-kubeconfig, <cluster>-ca and so on.
inline constexpr std::string_view kSecretType = "cluster.x-k8s.io/secret";
inline constexpr std::string_view kSecretValueKey = "value";

// Phases, in status.phase.
namespace phase {
inline constexpr std::string_view kPending = "Pending";
inline constexpr std::string_view kProvisioning = "Provisioning";
inline constexpr std::string_view kProvisioned = "Provisioned";
inline constexpr std::string_view kRunning = "Running";    // Machine
inline constexpr std::string_view kUpdating = "Updating";  // Machine
inline constexpr std::string_view kDeleting = "Deleting";
inline constexpr std::string_view kDeleted = "Deleted";  // Machine
inline constexpr std::string_view kFailed = "Failed";
inline constexpr std::string_view kUnknown = "Unknown";
}  // namespace phase

namespace condition {
inline constexpr std::string_view kAvailable = "Available";
inline constexpr std::string_view kReady = "Ready";
inline constexpr std::string_view kPaused = "Paused";
inline constexpr std::string_view kDeleting = "Deleting";                        // True is the bad status
inline constexpr std::string_view kInfrastructureReady = "InfrastructureReady";  // Cluster, Machine
// Cluster.
inline constexpr std::string_view kTopologyReconciled = "TopologyReconciled";
inline constexpr std::string_view kControlPlaneInitialized = "ControlPlaneInitialized";
inline constexpr std::string_view kControlPlaneAvailable = "ControlPlaneAvailable";
inline constexpr std::string_view kControlPlaneMachinesReady = "ControlPlaneMachinesReady";
inline constexpr std::string_view kControlPlaneMachinesUpToDate = "ControlPlaneMachinesUpToDate";
inline constexpr std::string_view kWorkersAvailable = "WorkersAvailable";
inline constexpr std::string_view kWorkerMachinesReady = "WorkerMachinesReady";
inline constexpr std::string_view kWorkerMachinesUpToDate = "WorkerMachinesUpToDate";
inline constexpr std::string_view kRemoteConnectionProbe = "RemoteConnectionProbe";
inline constexpr std::string_view kRollingOut = "RollingOut";
inline constexpr std::string_view kScalingUp = "ScalingUp";
inline constexpr std::string_view kScalingDown = "ScalingDown";
inline constexpr std::string_view kRemediating = "Remediating";
// Machine.
inline constexpr std::string_view kBootstrapConfigReady = "BootstrapConfigReady";
inline constexpr std::string_view kNodeReady = "NodeReady";
inline constexpr std::string_view kNodeHealthy = "NodeHealthy";
inline constexpr std::string_view kHealthCheckSucceeded = "HealthCheckSucceeded";
inline constexpr std::string_view kUpToDate = "UpToDate";
inline constexpr std::string_view kUpdating = "Updating";  // True is the bad status
// ClusterClass.
inline constexpr std::string_view kVariablesReady = "VariablesReady";
inline constexpr std::string_view kRefVersionsUpToDate = "RefVersionsUpToDate";
}  // namespace condition

namespace reason {
inline constexpr std::string_view kAvailable = "Available";
inline constexpr std::string_view kNotAvailable = "NotAvailable";
inline constexpr std::string_view kAvailableUnknown = "AvailableUnknown";
inline constexpr std::string_view kReady = "Ready";
inline constexpr std::string_view kNotReady = "NotReady";
inline constexpr std::string_view kReadyUnknown = "ReadyUnknown";
inline constexpr std::string_view kUpToDate = "UpToDate";
inline constexpr std::string_view kNotUpToDate = "NotUpToDate";
inline constexpr std::string_view kUpToDateUnknown = "UpToDateUnknown";
inline constexpr std::string_view kUpdating = "Updating";
inline constexpr std::string_view kNotUpdating = "NotUpdating";
inline constexpr std::string_view kInitialized = "Initialized";
inline constexpr std::string_view kNotInitialized = "NotInitialized";
inline constexpr std::string_view kProvisioned = "Provisioned";
inline constexpr std::string_view kNotProvisioned = "NotProvisioned";
inline constexpr std::string_view kPaused = "Paused";
inline constexpr std::string_view kNotPaused = "NotPaused";
inline constexpr std::string_view kDeleting = "Deleting";
inline constexpr std::string_view kNotDeleting = "NotDeleting";
inline constexpr std::string_view kDeletionCompleted = "DeletionCompleted";
inline constexpr std::string_view kScalingUp = "ScalingUp";
inline constexpr std::string_view kNotScalingUp = "NotScalingUp";
inline constexpr std::string_view kScalingDown = "ScalingDown";
inline constexpr std::string_view kNotScalingDown = "NotScalingDown";
inline constexpr std::string_view kRollingOut = "RollingOut";
inline constexpr std::string_view kNotRollingOut = "NotRollingOut";
inline constexpr std::string_view kRemediating = "Remediating";
inline constexpr std::string_view kNotRemediating = "NotRemediating";
inline constexpr std::string_view kNoReplicas = "NoReplicas";
inline constexpr std::string_view kNoWorkers = "NoWorkers";
inline constexpr std::string_view kInternalError = "InternalError";
inline constexpr std::string_view kInspectionFailed = "InspectionFailed";
inline constexpr std::string_view kConnectionDown = "ConnectionDown";
inline constexpr std::string_view kProbeFailed = "ProbeFailed";
inline constexpr std::string_view kProbeSucceeded = "ProbeSucceeded";
inline constexpr std::string_view kObjectDoesNotExist = "ObjectDoesNotExist";
inline constexpr std::string_view kObjectDeleted = "ObjectDeleted";
inline constexpr std::string_view kInvalidConditionReported = "InvalidConditionReported";
inline constexpr std::string_view kNotYetReported = "NotYetReported";
inline constexpr std::string_view kReconcileSucceeded = "ReconcileSucceeded";
inline constexpr std::string_view kReconcileFailed = "ReconcileFailed";
inline constexpr std::string_view kClusterClassNotReconciled = "ClusterClassNotReconciled";
inline constexpr std::string_view kClusterCreating = "ClusterCreating";
inline constexpr std::string_view kClusterUpgrading = "ClusterUpgrading";
inline constexpr std::string_view kVariablesReady = "VariablesReady";
inline constexpr std::string_view kVariableDiscoveryFailed = "VariableDiscoveryFailed";
inline constexpr std::string_view kDataSecretProvided = "DataSecretProvided";
inline constexpr std::string_view kNodeReady = "NodeReady";
inline constexpr std::string_view kNodeNotReady = "NodeNotReady";
inline constexpr std::string_view kNodeReadyUnknown = "NodeReadyUnknown";
inline constexpr std::string_view kNodeHealthy = "NodeHealthy";
inline constexpr std::string_view kNodeNotHealthy = "NodeNotHealthy";
inline constexpr std::string_view kNodeHealthyUnknown = "NodeHealthyUnknown";
inline constexpr std::string_view kNodeDoesNotExist = "NodeDoesNotExist";
inline constexpr std::string_view kNodeDeleted = "NodeDeleted";
inline constexpr std::string_view kWaitingForClusterInfrastructureReady = "WaitingForClusterInfrastructureReady";
inline constexpr std::string_view kWaitingForControlPlaneInitialized = "WaitingForControlPlaneInitialized";
inline constexpr std::string_view kWaitingForBootstrapData = "WaitingForBootstrapData";
inline constexpr std::string_view kWaitingForMinReadySeconds = "WaitingForMinReadySeconds";
inline constexpr std::string_view kWaitingForWorkersDeletion = "WaitingForWorkersDeletion";
inline constexpr std::string_view kWaitingForControlPlaneDeletion = "WaitingForControlPlaneDeletion";
inline constexpr std::string_view kWaitingForInfrastructureDeletion = "WaitingForInfrastructureDeletion";
inline constexpr std::string_view kWaitingForBootstrapDeletion = "WaitingForBootstrapDeletion";
inline constexpr std::string_view kWaitingForPreDrainHook = "WaitingForPreDrainHook";
inline constexpr std::string_view kWaitingForPreTerminateHook = "WaitingForPreTerminateHook";
inline constexpr std::string_view kWaitingForVolumeDetach = "WaitingForVolumeDetach";
inline constexpr std::string_view kDrainingNode = "DrainingNode";
inline constexpr std::string_view kDeletingNode = "DeletingNode";
}  // namespace reason

}  // namespace slipway::api::cluster
