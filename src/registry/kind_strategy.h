#pragma once

#include <functional>
#include <string>
#include <vector>

#include "data/json.h"
#include "registry/field_errors.h"

namespace slipway::registry {

// What a name of this kind may look like.
enum class NameRule {
  kDnsSubdomain,
  kDnsLabel,
  kPathSegment,  // anything that fits between two slashes of a path ("system:basic-user")
};

// How objects of one kind differ from custom resources on their way in.
struct KindStrategy {
  bool unconditional_update = false;  // an update without resourceVersion overwrites
  bool has_generation = true;         // metadata.generation counts changes outside metadata and status
  NameRule name = NameRule::kDnsSubdomain;
  // Completes the object before validation; `old` is null on create.
  std::function<void(data::Json& object, const data::Json* old)> prepare;
  // What the writer of an accepted object should know (Warning headers).
  std::function<std::vector<std::string>(const data::Json& object)> warn;
  // Checks beyond the schema.
  std::function<void(const data::Json& object, const data::Json* old, FieldErrors& errors)> validate;
};

}  // namespace slipway::registry
