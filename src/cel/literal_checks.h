#pragma once

#include <string>
#include <vector>

#include "cel/expression.h"

namespace slipway::cel {

// What is wrong with the literal arguments of a call whose types are right: a duration, timestamp or pattern that does
// not read.
std::vector<std::string> check_literal_arguments(const Expression& call);

}  // namespace slipway::cel
