#pragma once

#include <cstdint>
#include <span>
#include <string_view>

// Which field numbers of Kubernetes' protobuf messages stand for which members (generated.proto of k8s.io/api and
// k8s.io/apimachinery). Tables; protobuf_body.cpp reads by them.
namespace slipway::apiserver::protobuf {

enum class Type { kText, kTexts, kInteger, kBool, kTime, kMicroTime, kMessage, kMessages, kTextMap, kBytesMap };

struct Field {
  std::uint32_t number;
  std::string_view name;
  Type type;
  std::span<const Field> message = {};  // kMessage, kMessages
};

inline constexpr Field kOwnerReference[] = {{1, "kind", Type::kText},       {3, "name", Type::kText},
                                            {4, "uid", Type::kText},        {5, "apiVersion", Type::kText},
                                            {6, "controller", Type::kBool}, {7, "blockOwnerDeletion", Type::kBool}};
inline constexpr Field kMetadata[] = {{1, "name", Type::kText},
                                      {2, "generateName", Type::kText},
                                      {3, "namespace", Type::kText},
                                      {5, "uid", Type::kText},
                                      {6, "resourceVersion", Type::kText},
                                      {7, "generation", Type::kInteger},
                                      {8, "creationTimestamp", Type::kTime},
                                      {9, "deletionTimestamp", Type::kTime},
                                      {10, "deletionGracePeriodSeconds", Type::kInteger},
                                      {11, "labels", Type::kTextMap},
                                      {12, "annotations", Type::kTextMap},
                                      {13, "ownerReferences", Type::kMessages, kOwnerReference},
                                      {14, "finalizers", Type::kTexts}};

}  // namespace slipway::apiserver::protobuf
