#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "cel/expression.h"
#include "cel/library.h"

namespace slipway::cel {

struct Variable {
  std::string name;
  TypeRef type;
};

struct CheckedExpression {
  ExpressionPtr root;
  int slots = 0;           // variables alive at once; the given ones first
  std::vector<bool> uses;  // which of the given variables occur
};

// Finds the type of every node and what every name and call means. kInvalid with all that is wrong, in upstream's
// words (cel-go's checker and Kubernetes' literal validators), each with its place.
base::Result<CheckedExpression> check(std::string_view source, ExpressionPtr root,
                                      const std::vector<Variable>& variables, const Library& library);

}  // namespace slipway::cel
