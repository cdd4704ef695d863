#include <fmt/core.h>

#include "registry/builtin_kind.h"
#include "registry/builtin_schemas.h"

namespace slipway::registry {

using data::Json;

namespace {

void validate_lease(const Json& object, const Json*, FieldErrors& errors) {
  for (const auto& [name, least] : {std::pair{"leaseDurationSeconds", 1}, {"leaseTransitions", 0}}) {
    const Json& value = object.get({"spec", name});
    if (!value.is_null() && value.integer_or(least) < least)
      errors.push_back(invalid_value(fmt::format("spec.{}", name), value,
                                     least == 1 ? "must be greater than 0" : "must be greater than or equal to 0"));
  }
}

}  // namespace

std::vector<BuiltinKind> coordination_kinds() {
  return {{.group = "coordination.k8s.io",
           .version = "v1",
           .kind = "Lease",
           .plural = "leases",
           .singular = "lease",
           .schema = kLeaseSchema,
           .columns = {{"Holder", "string", "", "", ".spec.holderIdentity", 0}, kAgeColumn},
           .strategy = {.has_generation = false, .validate = validate_lease}}};
}

}  // namespace slipway::registry
