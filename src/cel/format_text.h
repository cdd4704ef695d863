#pragma once

#include <string_view>

#include "cel/compare.h"
#include "cel/value.h"

namespace slipway::cel {

// "%s is %d".format([...]): the clauses %s %d %f %e %b %o %x %X and %%, as the strings extension defines them in its
// version 2. An error value names a clause that does not fit.
Value format_text(std::string_view pattern, const List& arguments, WorkMeter& work);

}  // namespace slipway::cel
