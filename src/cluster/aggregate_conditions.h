#pragma once

#include <string_view>
#include <vector>

#include "meta/conditions.h"
#include "meta/object.h"

namespace slipway::cluster {

using data::Json;
using meta::ObjectPtr;

struct AggregateReasons {
  std::string_view good;
  std::string_view bad;
  std::string_view unknown;
};

// Cluster API's aggregate rule: one condition for many objects. Any False source makes it False, else any Unknown (or
// missing) one Unknown, else True. Equal messages are grouped, three groups at most, issues before unknowns, then the
// larger group first.
meta::Condition aggregate_conditions(const std::vector<ObjectPtr>& objects, std::string_view source,
                                     std::string_view target, const AggregateReasons& reasons);

// A copy of `source` of another object under the name `target`; `fallback` when the object does not report it.
meta::Condition mirror_condition(const Json& object, std::string_view source, std::string_view target,
                                 meta::Condition fallback);

meta::ConditionStatus status_of(bool value);

}  // namespace slipway::cluster
