#pragma once

#include <string_view>

#include "base/result.h"
#include "cel/expression.h"

namespace slipway::cel {

inline constexpr std::size_t kLongestExpression = 100'000;  // code points
inline constexpr int kDeepestExpression = 250;              // levels

// The tree of an expression with its macros expanded. kInvalid with the place for a syntax error, and for an
// expression beyond the two bounds above. Grammar: cel-spec (langdef.md), with the optional syntax.
base::Result<ExpressionPtr> parse(std::string_view source);

}  // namespace slipway::cel
