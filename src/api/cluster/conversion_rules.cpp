#include "api/cluster/conversion_rules.h"

#include <array>

namespace slipway::api::cluster {

namespace {

using enum Form;

constexpr std::array kClusterMoves{
    Move{"spec.controlPlaneEndpoint.port", "spec.controlPlaneEndpoint.port", kNonZero},
    Move{"spec.clusterNetwork.apiServerPort", "spec.clusterNetwork.apiServerPort", kNonZero},
    Move{"spec.controlPlaneRef", "spec.controlPlaneRef", kContractReference},
    Move{"spec.infrastructureRef", "spec.infrastructureRef", kContractReference},
    Move{"spec.topology.class", "spec.topology.classRef.name"},
    Move{"spec.topology.classNamespace", "spec.topology.classRef.namespace"},
    Move{"spec.topology.rolloutAfter", ""},
    Move{"status.conditions", "status.deprecated.v1beta1.conditions"},
    Move{"status.failureReason", "status.deprecated.v1beta1.failureReason"},
    Move{"status.failureMessage", "status.deprecated.v1beta1.failureMessage"},
    Move{"status.v1beta2.conditions", "status.conditions"},
    Move{"status.v1beta2.controlPlane", "status.controlPlane"},
    Move{"status.v1beta2.workers", "status.workers"},
    Move{"status.controlPlaneReady", "status.initialization.controlPlaneInitialized"},
    Move{"status.infrastructureReady", "status.initialization.infrastructureProvisioned"},
    Move{"status.failureDomains", "status.failureDomains", kFailureDomains},
};

// Said alike of every set of machines, in a Cluster and in a ClusterClass.
constexpr std::array kTimeoutMoves{
    Move{"nodeDrainTimeout", "deletion.nodeDrainTimeoutSeconds", kSeconds},
    Move{"nodeVolumeDetachTimeout", "deletion.nodeVolumeDetachTimeoutSeconds", kSeconds},
    Move{"nodeDeletionTimeout", "deletion.nodeDeletionTimeoutSeconds", kSeconds},
};

constexpr std::array kHealthCheckMoves{
    Move{"machineHealthCheck.enable", "healthCheck.enabled"},
    Move{"machineHealthCheck.unhealthyConditions", "healthCheck.checks.unhealthyNodeConditions", kTimedConditions},
    Move{"machineHealthCheck.unhealthyMachineConditions", "healthCheck.checks.unhealthyMachineConditions",
         kTimedConditions},
    Move{"machineHealthCheck.nodeStartupTimeout", "healthCheck.checks.nodeStartupTimeoutSeconds", kSeconds},
    Move{"machineHealthCheck.maxUnhealthy", "healthCheck.remediation.triggerIf.unhealthyLessThanOrEqualTo"},
    Move{"machineHealthCheck.unhealthyRange", "healthCheck.remediation.triggerIf.unhealthyInRange"},
    Move{"machineHealthCheck.remediationTemplate", "healthCheck.remediation.templateRef", kTemplateReference},
};

// Of a set of workers.
constexpr std::array kRolloutMoves{
    Move{"strategy.type", "rollout.strategy.type"},
    Move{"strategy.rollingUpdate.maxUnavailable", "rollout.strategy.rollingUpdate.maxUnavailable"},
    Move{"strategy.rollingUpdate.maxSurge", "rollout.strategy.rollingUpdate.maxSurge"},
    Move{"strategy.rollingUpdate.deletePolicy", "deletion.order"},
    Move{"strategy.remediation.maxInFlight", "healthCheck.remediation.maxInFlight"},
};

constexpr std::array kVariableMoves{
    Move{"definitionFrom", ""},
};

constexpr std::array kClusterClassMoves{
    Move{"spec.infrastructure.ref", "spec.infrastructure.templateRef", kTemplateReference},
    Move{"spec.infrastructureNamingStrategy.template", "spec.infrastructure.naming.template"},
    Move{"status.conditions", "status.deprecated.v1beta1.conditions"},
    Move{"status.v1beta2.conditions", "status.conditions"},
};

constexpr std::array kControlPlaneClassMoves{
    Move{"ref", "templateRef", kTemplateReference},
    Move{"machineInfrastructure.ref", "machineInfrastructure.templateRef", kTemplateReference},
    Move{"namingStrategy.template", "naming.template"},
};

constexpr std::array kWorkerClassMoves{
    Move{"template.metadata", "metadata"},
    Move{"template.bootstrap.ref", "bootstrap.templateRef", kTemplateReference},
    Move{"template.infrastructure.ref", "infrastructure.templateRef", kTemplateReference},
    Move{"namingStrategy.template", "naming.template"},
};

constexpr std::array kPatchMoves{
    Move{"external.generateExtension", "external.generatePatchesExtension"},
    Move{"external.validateExtension", "external.validateTopologyExtension"},
};

constexpr std::array kVariableClassMoves{
    Move{"metadata", "deprecatedV1Beta1Metadata"},
};

constexpr std::array kMachineMoves{
    Move{"spec.bootstrap.configRef", "spec.bootstrap.configRef", kContractReference},
    Move{"spec.infrastructureRef", "spec.infrastructureRef", kContractReference},
    Move{"", "spec.minReadySeconds"},
    Move{"status.conditions", "status.deprecated.v1beta1.conditions"},
    Move{"status.failureReason", "status.deprecated.v1beta1.failureReason"},
    Move{"status.failureMessage", "status.deprecated.v1beta1.failureMessage"},
    Move{"status.v1beta2.conditions", "status.conditions"},
    Move{"status.bootstrapReady", "status.initialization.bootstrapDataSecretCreated"},
    Move{"status.infrastructureReady", "status.initialization.infrastructureProvisioned"},
    Move{"status.nodeRef", "status.nodeRef", kNodeReference},
    Move{"", "status.failureDomain"},
};

constexpr std::array kClusterScopes{
    Scope{"", kClusterMoves},
    Scope{"spec.topology.variables[]", kVariableMoves},
    Scope{"spec.topology.controlPlane", kTimeoutMoves},
    Scope{"spec.topology.controlPlane", kHealthCheckMoves},
    Scope{"spec.topology.controlPlane.variables.overrides[]", kVariableMoves},
    Scope{"spec.topology.workers.machineDeployments[]", kTimeoutMoves},
    Scope{"spec.topology.workers.machineDeployments[]", kHealthCheckMoves},
    Scope{"spec.topology.workers.machineDeployments[]", kRolloutMoves},
    Scope{"spec.topology.workers.machineDeployments[].variables.overrides[]", kVariableMoves},
    Scope{"spec.topology.workers.machinePools[]", kTimeoutMoves},
    Scope{"spec.topology.workers.machinePools[].variables.overrides[]", kVariableMoves},
};

constexpr std::array kClusterClassScopes{
    Scope{"", kClusterClassMoves},
    Scope{"spec.controlPlane", kControlPlaneClassMoves},
    Scope{"spec.controlPlane", kTimeoutMoves},
    Scope{"spec.controlPlane", kHealthCheckMoves},
    Scope{"spec.workers.machineDeployments[]", kWorkerClassMoves},
    Scope{"spec.workers.machineDeployments[]", kTimeoutMoves},
    Scope{"spec.workers.machineDeployments[]", kHealthCheckMoves},
    Scope{"spec.workers.machineDeployments[]", kRolloutMoves},
    Scope{"spec.workers.machinePools[]", kWorkerClassMoves},
    Scope{"spec.workers.machinePools[]", kTimeoutMoves},
    Scope{"spec.patches[]", kPatchMoves},
    Scope{"spec.variables[]", kVariableClassMoves},
    Scope{"status.variables[].definitions[]", kVariableClassMoves},
};

constexpr std::array kMachineScopes{
    Scope{"", kMachineMoves},
    Scope{"spec", kTimeoutMoves},
};

}  // namespace

std::span<const Scope> conversion_scopes(std::string_view kind) {
  if (kind == "Cluster") return kClusterScopes;
  if (kind == "ClusterClass") return kClusterClassScopes;
  if (kind == "Machine") return kMachineScopes;
  return {};
}

}  // namespace slipway::api::cluster
