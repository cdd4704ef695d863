#pragma once

#include <cstdint>
#include <span>
#include <string_view>

// Which field numbers of Kubernetes' protobuf messages stand for which members (generated.proto of k8s.io/api and
// k8s.io/apimachinery). Tables; protobuf_body.cpp reads by them.
namespace slipway::apiserver::protobuf {

enum class Type {
  kText,  // left out when empty, as JSON does it
  kTexts,
  kBytes,    // base64 in JSON; left out when empty
  kInteger,  // 0 is said
  kCount,    // 0 is left out
  kBool,     // false is said
  kFlag,     // false is left out
  kNumber,   // a double; an integer when it is a whole number
  kTime,
  kMicroTime,
  kJson,   // a message whose only field is JSON text, which stands there as it is; null when it is empty
  kJsons,  // a list of these
  kMessage,
  kMessages,
  // The value of the first field in the order of `message` that is there (one of "schema or bool", or the only field of
  // a wrapper as Quantity is). Without any: false when the last field is a kBool, null otherwise.
  kFirstOf,
  kTextMap,
  kBytesMap,
  kMessageMap,
  kFirstOfMap,
};

struct Field {
  std::uint32_t number;
  std::string_view name;
  Type type;
  std::span<const Field> message = {};  // kMessage, kFirstOf, and lists and maps of them
};

inline constexpr Field kOwnerReference[] = {{1, "kind", Type::kText},       {3, "name", Type::kText},
                                            {4, "uid", Type::kText},        {5, "apiVersion", Type::kText},
                                            {6, "controller", Type::kBool}, {7, "blockOwnerDeletion", Type::kBool}};
inline constexpr Field kManagedFields[] = {{1, "manager", Type::kText},    {2, "operation", Type::kText},
                                           {3, "apiVersion", Type::kText}, {4, "time", Type::kTime},
                                           {6, "fieldsType", Type::kText}, {7, "fieldsV1", Type::kJson},
                                           {8, "subresource", Type::kText}};
inline constexpr Field kMetadata[] = {{1, "name", Type::kText},
                                      {2, "generateName", Type::kText},
                                      {3, "namespace", Type::kText},
                                      {4, "selfLink", Type::kText},
                                      {5, "uid", Type::kText},
                                      {6, "resourceVersion", Type::kText},
                                      {7, "generation", Type::kCount},
                                      {8, "creationTimestamp", Type::kTime},
                                      {9, "deletionTimestamp", Type::kTime},
                                      {10, "deletionGracePeriodSeconds", Type::kInteger},
                                      {11, "labels", Type::kTextMap},
                                      {12, "annotations", Type::kTextMap},
                                      {13, "ownerReferences", Type::kMessages, kOwnerReference},
                                      {14, "finalizers", Type::kTexts},
                                      {17, "managedFields", Type::kMessages, kManagedFields}};
inline constexpr Field kObjectReference[] = {{1, "kind", Type::kText},       {2, "namespace", Type::kText},
                                             {3, "name", Type::kText},       {4, "uid", Type::kText},
                                             {5, "apiVersion", Type::kText}, {6, "resourceVersion", Type::kText},
                                             {7, "fieldPath", Type::kText}};

}  // namespace slipway::apiserver::protobuf
