#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "cel/expression.h"

namespace slipway::cel {

// A place and what is wrong there.
struct SyntaxError {
  std::uint32_t position = 0;
  std::string message;
};

// Expands target.name(arguments), or name(arguments) when target is null, if that is a macro. False: it is none, and
// nothing was taken. Macros: has, all, exists, exists_one, existsOne, map, filter; with two variables all, exists,
// existsOne, exists_one, transformList, transformMap, transformMapEntry; optMap, optFlatMap, sortBy.
std::expected<bool, SyntaxError> expand_macro(std::string_view name, ExpressionPtr& target,
                                              std::vector<ExpressionPtr>& arguments, std::uint32_t position,
                                              ExpressionPtr& result);

}  // namespace slipway::cel
