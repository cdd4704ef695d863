#pragma once

#include <string_view>

#include "meta/gvk.h"

// inventory.slipway.dev: hosts, the systems on them, and what a host may run.
namespace slipway::api::inventory {

inline constexpr std::string_view kGroup = "inventory.slipway.dev";
inline const meta::Gvk kHost{"inventory.slipway.dev", "v1alpha1", "Host"};
inline const meta::Gvk kOSProfile{"inventory.slipway.dev", "v1alpha1", "OSProfile"};
inline const meta::Gvk kInstance{"inventory.slipway.dev", "v1alpha1", "Instance"};

// Secret <host>-join-token and its keys.
inline constexpr std::string_view kJoinTokenSecretType = "inventory.slipway.dev/join-token";
inline constexpr std::string_view kJoinTokenSecretSuffix = "-join-token";
inline constexpr std::string_view kTokenHashKey = "tokenHash";  // hex of sha256
inline constexpr std::string_view kExpiresAtKey = "expiresAt";  // RFC 3339
inline constexpr std::string_view kUsedByKey = "usedBy";        // fingerprint of the public key that used it

// On a Host: it still runs the Kubernetes of a deleted cluster (delete policy "keep"); the value is the cluster's name.
inline constexpr std::string_view kKeptClusterAnnotation = "slipway.dev/kept-cluster";

// Host status.phase.
namespace phase {
inline constexpr std::string_view kRegistered = "Registered";
inline constexpr std::string_view kOnboarded = "Onboarded";
inline constexpr std::string_view kProvisioned = "Provisioned";
inline constexpr std::string_view kInUse = "InUse";
inline constexpr std::string_view kDeauthorized = "Deauthorized";
}  // namespace phase

// Instance status.phase.
namespace instance_phase {
inline constexpr std::string_view kPending = "Pending";
inline constexpr std::string_view kProvisioning = "Provisioning";
inline constexpr std::string_view kProvisioned = "Provisioned";
inline constexpr std::string_view kFailed = "Failed";
}  // namespace instance_phase

// Host status.assignment.phase: what the agent proved about the work it was given.
namespace assignment_phase {
inline constexpr std::string_view kPending = "Pending";
inline constexpr std::string_view kRunning = "Running";
inline constexpr std::string_view kSucceeded = "Succeeded";
inline constexpr std::string_view kFailed = "Failed";
inline constexpr std::string_view kResetting = "Resetting";
inline constexpr std::string_view kClean = "Clean";
}  // namespace assignment_phase

namespace condition {
inline constexpr std::string_view kOnboarded = "Onboarded";
inline constexpr std::string_view kProvisioned = "Provisioned";
inline constexpr std::string_view kInUse = "InUse";
inline constexpr std::string_view kConnected = "Connected";
inline constexpr std::string_view kAuthorized = "Authorized";
inline constexpr std::string_view kClean = "Clean";
}  // namespace condition

namespace reason {
inline constexpr std::string_view kCleanupPending = "CleanupPending";
}  // namespace reason

}  // namespace slipway::api::inventory
