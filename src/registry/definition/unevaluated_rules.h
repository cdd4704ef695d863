#pragma once

#include <string>

#include "data/json.h"

namespace slipway::registry {

// Which validation rules (x-kubernetes-validations) of a CustomResourceDefinition are not evaluated, and where they
// stand, as one text for conditions and warnings; "" when every rule is. Names at most a few.
std::string describe_unevaluated_rules(const data::Json& definition);

}  // namespace slipway::registry
