#pragma once

#include <cstdint>

#include "cel/declaration.h"
#include "cel/expression.h"

namespace slipway::cel {

// The most a checked expression may cost over values of that declaration (cel-go checker/cost.go with Kubernetes'
// estimator). Never overflows: the largest number stands for "no bound".
std::uint64_t estimate_cost(const Expression& root, const Declaration& self);

}  // namespace slipway::cel
