#pragma once

#include <functional>

#include "data/json.h"
#include "registry/field_errors.h"

namespace slipway::registry {

// How objects of one kind differ from custom resources on their way in.
struct KindStrategy {
  bool unconditional_update = false;  // an update without resourceVersion overwrites
  bool has_generation = true;         // metadata.generation counts changes outside metadata and status
  bool name_is_label = false;         // a DNS label instead of a DNS subdomain
  // Completes the object before validation; `old` is null on create.
  std::function<void(data::Json& object, const data::Json* old)> prepare;
  // Checks beyond the schema.
  std::function<void(const data::Json& object, const data::Json* old, FieldErrors& errors)> validate;
};

}  // namespace slipway::registry
