#pragma once

#include <string_view>

// The schemas of Kubernetes' own kinds (k8s.io/api 1.36), as JSON: what is validated, and what OpenAPI shows. `title`
// names the type a nested object has in Kubernetes; the x-kubernetes-patch-* extensions are those of strategic merge
// patches.
namespace slipway::registry {

extern const std::string_view kNamespaceSchema;
extern const std::string_view kSecretSchema;
extern const std::string_view kConfigMapSchema;
extern const std::string_view kEventSchema;
extern const std::string_view kLeaseSchema;

}  // namespace slipway::registry
