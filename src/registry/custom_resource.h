#pragma once

#include <memory>

#include "base/result.h"
#include "data/json.h"
#include "registry/resource.h"

namespace slipway::registry {

// Reads a CustomResourceDefinition (apiextensions.k8s.io/v1). kInvalid, naming the definition, when it cannot be
// served: not exactly one storage version, a name that is not <plural>.<group>, a schema that does not compile.
base::Result<std::unique_ptr<ResourceInfo>> parse_crd(const data::Json& crd);

}  // namespace slipway::registry
