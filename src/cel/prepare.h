#pragma once

#include "base/result.h"
#include "cel/expression.h"

namespace slipway::cel {

// Does once what every evaluation would repeat: literals of lists and maps, conversions of literals, patterns.
// kInvalid when a conversion of a literal fails.
base::Status prepare(Expression& expression);

}  // namespace slipway::cel
