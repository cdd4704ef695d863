#pragma once

#include <string_view>

#include "meta/gvk.h"

// edge-orchestrator.intel.com: cluster templates (wire names of the Edge Cluster Manager).
namespace slipway::api::templates {

inline constexpr std::string_view kGroup = "edge-orchestrator.intel.com";
inline const meta::Gvk kClusterTemplate{"edge-orchestrator.intel.com", "v1alpha1", "ClusterTemplate"};

inline constexpr std::string_view kDefaultLabel = "default";  // "true" on the default template of a project
// On the Namespace of a project: the template that it was given at its beginning; never given again once this is set.
inline constexpr std::string_view kDefaultTemplateAnnotation = "slipway.dev/default-cluster-template";
inline constexpr std::string_view kDescriptionAnnotation = "description";
inline constexpr std::string_view kFinalizer = "clustertemplates.edge-orchestrator.intel.com/finalizer";

namespace condition {
inline constexpr std::string_view kReady = "Ready";
inline constexpr std::string_view kControlPlaneTemplateCreated = "ControlPlaneTemplateCreated";
inline constexpr std::string_view kPrerequisitesInstalled = "PrerequisitesInstalled";
inline constexpr std::string_view kControlPlaneMachineTemplateCreated = "ControlPlaneMachineTemplateCreated";
inline constexpr std::string_view kInfraProviderClusterTemplateCreated = "InfraProviderClusterTemplateCreated";
inline constexpr std::string_view kClusterClassCreated = "ClusterClassCreated";
}  // namespace condition

}  // namespace slipway::api::templates
