#include "apiserver/protobuf_kinds.h"

namespace slipway::apiserver::protobuf {

namespace {

constexpr Field kSecret[] = {{1, "metadata", Type::kMessage, kMetadata},
                             {2, "data", Type::kBytesMap},
                             {3, "type", Type::kText},
                             {4, "stringData", Type::kTextMap},
                             {5, "immutable", Type::kBool}};
constexpr Field kConfigMap[] = {{1, "metadata", Type::kMessage, kMetadata},
                                {2, "data", Type::kTextMap},
                                {3, "binaryData", Type::kBytesMap},
                                {4, "immutable", Type::kBool}};
constexpr Field kNamespaceCondition[] = {{1, "type", Type::kText},
                                         {2, "status", Type::kText},
                                         {4, "lastTransitionTime", Type::kTime},
                                         {5, "reason", Type::kText},
                                         {6, "message", Type::kText}};
constexpr Field kNamespaceSpec[] = {{1, "finalizers", Type::kTexts}};
constexpr Field kNamespaceStatus[] = {{1, "phase", Type::kText},
                                      {2, "conditions", Type::kMessages, kNamespaceCondition}};
constexpr Field kNamespace[] = {{1, "metadata", Type::kMessage, kMetadata},
                                {2, "spec", Type::kMessage, kNamespaceSpec},
                                {3, "status", Type::kMessage, kNamespaceStatus}};
constexpr Field kEventSource[] = {{1, "component", Type::kText}, {2, "host", Type::kText}};
constexpr Field kEventSeries[] = {{1, "count", Type::kCount}, {2, "lastObservedTime", Type::kMicroTime}};
constexpr Field kEvent[] = {{1, "metadata", Type::kMessage, kMetadata},
                            {2, "involvedObject", Type::kMessage, kObjectReference},
                            {3, "reason", Type::kText},
                            {4, "message", Type::kText},
                            {5, "source", Type::kMessage, kEventSource},
                            {6, "firstTimestamp", Type::kTime},
                            {7, "lastTimestamp", Type::kTime},
                            {8, "count", Type::kCount},
                            {9, "type", Type::kText},
                            {10, "eventTime", Type::kMicroTime},
                            {11, "series", Type::kMessage, kEventSeries},
                            {12, "action", Type::kText},
                            {13, "related", Type::kMessage, kObjectReference},
                            {14, "reportingComponent", Type::kText},
                            {15, "reportingInstance", Type::kText}};
constexpr Field kLeaseSpec[] = {{1, "holderIdentity", Type::kText},      {2, "leaseDurationSeconds", Type::kInteger},
                                {3, "acquireTime", Type::kMicroTime},    {4, "renewTime", Type::kMicroTime},
                                {5, "leaseTransitions", Type::kInteger}, {6, "strategy", Type::kText},
                                {7, "preferredHolder", Type::kText}};
constexpr Field kLease[] = {{1, "metadata", Type::kMessage, kMetadata}, {2, "spec", Type::kMessage, kLeaseSpec}};
constexpr Field kPreconditions[] = {{1, "uid", Type::kText}, {2, "resourceVersion", Type::kText}};
constexpr Field kDeleteOptions[] = {{1, "gracePeriodSeconds", Type::kInteger},
                                    {2, "preconditions", Type::kMessage, kPreconditions},
                                    {3, "orphanDependents", Type::kBool},
                                    {4, "propagationPolicy", Type::kText},
                                    {5, "dryRun", Type::kTexts},
                                    {6, "ignoreStoreReadErrorWithClusterBreakingPotential", Type::kBool}};

constexpr Field kNewEvent[] = {{1, "metadata", Type::kMessage, kMetadata},
                               {2, "eventTime", Type::kMicroTime},
                               {3, "series", Type::kMessage, kEventSeries},
                               {4, "reportingController", Type::kText},
                               {5, "reportingInstance", Type::kText},
                               {6, "action", Type::kText},
                               {7, "reason", Type::kText},
                               {8, "regarding", Type::kMessage, kObjectReference},
                               {9, "related", Type::kMessage, kObjectReference},
                               {10, "note", Type::kText},
                               {11, "type", Type::kText},
                               {12, "deprecatedSource", Type::kMessage, kEventSource},
                               {13, "deprecatedFirstTimestamp", Type::kTime},
                               {14, "deprecatedLastTimestamp", Type::kTime},
                               {15, "deprecatedCount", Type::kCount}};

constexpr Field kTaint[] = {
    {1, "key", Type::kText}, {2, "value", Type::kText}, {3, "effect", Type::kText}, {4, "timeAdded", Type::kTime}};
constexpr Field kConfigMapSource[] = {{1, "namespace", Type::kText},
                                      {2, "name", Type::kText},
                                      {3, "uid", Type::kText},
                                      {4, "resourceVersion", Type::kText},
                                      {5, "kubeletConfigKey", Type::kText}};
constexpr Field kNodeConfigSource[] = {{2, "configMap", Type::kMessage, kConfigMapSource}};
constexpr Field kNodeConfigStatus[] = {{1, "assigned", Type::kMessage, kNodeConfigSource},
                                       {2, "active", Type::kMessage, kNodeConfigSource},
                                       {3, "lastKnownGood", Type::kMessage, kNodeConfigSource},
                                       {4, "error", Type::kText}};
constexpr Field kNodeSpec[] = {{1, "podCIDR", Type::kText},
                               {2, "externalID", Type::kText},
                               {3, "providerID", Type::kText},
                               {4, "unschedulable", Type::kFlag},
                               {5, "taints", Type::kMessages, kTaint},
                               {6, "configSource", Type::kMessage, kNodeConfigSource},
                               {7, "podCIDRs", Type::kTexts}};
constexpr Field kQuantity[] = {{1, "string", Type::kText}};
constexpr Field kNodeCondition[] = {{1, "type", Type::kText},
                                    {2, "status", Type::kText},
                                    {3, "lastHeartbeatTime", Type::kTime},
                                    {4, "lastTransitionTime", Type::kTime},
                                    {5, "reason", Type::kText},
                                    {6, "message", Type::kText}};
constexpr Field kNodeAddress[] = {{1, "type", Type::kText}, {2, "address", Type::kText}};
constexpr Field kDaemonEndpoint[] = {{1, "Port", Type::kInteger}};
constexpr Field kDaemonEndpoints[] = {{1, "kubeletEndpoint", Type::kMessage, kDaemonEndpoint}};
constexpr Field kSwap[] = {{1, "capacity", Type::kInteger}};
constexpr Field kNodeInfo[] = {{1, "machineID", Type::kText},       {2, "systemUUID", Type::kText},
                               {3, "bootID", Type::kText},          {4, "kernelVersion", Type::kText},
                               {5, "osImage", Type::kText},         {6, "containerRuntimeVersion", Type::kText},
                               {7, "kubeletVersion", Type::kText},  {8, "kubeProxyVersion", Type::kText},
                               {9, "operatingSystem", Type::kText}, {10, "architecture", Type::kText},
                               {11, "swap", Type::kMessage, kSwap}};
constexpr Field kContainerImage[] = {{1, "names", Type::kTexts}, {2, "sizeBytes", Type::kCount}};
constexpr Field kAttachedVolume[] = {{1, "name", Type::kText}, {2, "devicePath", Type::kText}};
constexpr Field kHandlerFeatures[] = {{1, "recursiveReadOnlyMounts", Type::kBool}, {2, "userNamespaces", Type::kBool}};
constexpr Field kRuntimeHandler[] = {{1, "name", Type::kText}, {2, "features", Type::kMessage, kHandlerFeatures}};
constexpr Field kNodeFeatures[] = {{1, "supplementalGroupsPolicy", Type::kBool}};
constexpr Field kNodeStatus[] = {{1, "capacity", Type::kFirstOfMap, kQuantity},
                                 {2, "allocatable", Type::kFirstOfMap, kQuantity},
                                 {3, "phase", Type::kText},
                                 {4, "conditions", Type::kMessages, kNodeCondition},
                                 {5, "addresses", Type::kMessages, kNodeAddress},
                                 {6, "daemonEndpoints", Type::kMessage, kDaemonEndpoints},
                                 {7, "nodeInfo", Type::kMessage, kNodeInfo},
                                 {8, "images", Type::kMessages, kContainerImage},
                                 {9, "volumesInUse", Type::kTexts},
                                 {10, "volumesAttached", Type::kMessages, kAttachedVolume},
                                 {11, "config", Type::kMessage, kNodeConfigStatus},
                                 {12, "runtimeHandlers", Type::kMessages, kRuntimeHandler},
                                 {13, "features", Type::kMessage, kNodeFeatures},
                                 {14, "declaredFeatures", Type::kTexts}};
constexpr Field kNode[] = {{1, "metadata", Type::kMessage, kMetadata},
                           {2, "spec", Type::kMessage, kNodeSpec},
                           {3, "status", Type::kMessage, kNodeStatus}};

constexpr Field kScaleSpec[] = {{1, "replicas", Type::kCount}};
constexpr Field kScaleStatus[] = {{1, "replicas", Type::kInteger}, {2, "selector", Type::kText}};
constexpr Field kScale[] = {{1, "metadata", Type::kMessage, kMetadata},
                            {2, "spec", Type::kMessage, kScaleSpec},
                            {3, "status", Type::kMessage, kScaleStatus}};

}  // namespace

std::span<const Field> core_fields(std::string_view api_version, std::string_view kind) {
  if (kind == "DeleteOptions") return kDeleteOptions;
  if (api_version == "coordination.k8s.io/v1" && kind == "Lease") return kLease;
  if (api_version == "events.k8s.io/v1" && kind == "Event") return kNewEvent;
  if (api_version == "autoscaling/v1" && kind == "Scale") return kScale;
  if (api_version != "v1") return {};
  if (kind == "Secret") return kSecret;
  if (kind == "ConfigMap") return kConfigMap;
  if (kind == "Namespace") return kNamespace;
  if (kind == "Event") return kEvent;
  if (kind == "Node") return kNode;
  return {};
}

}  // namespace slipway::apiserver::protobuf
