#pragma once

#include "base/result.h"
#include "data/json.h"
#include "registry/field_errors.h"
#include "registry/resource.h"

// The /scale subresource of custom resources: one form of "how many" over kinds that keep it in different places.
// Rules and words: apiextensions-apiserver pkg/registry/customresource.
namespace slipway::registry {

// The autoscaling/v1 Scale that shows `object`; without spec.replicas when the object does not say it. kInternal when a
// path leads to another type.
base::Result<data::Json> scale_of(const ScalePaths& paths, const data::Json& object);
void set_spec_replicas(const ScalePaths& paths, data::Json& object, std::int64_t replicas);
// Replica counts that no Scale can show.
void validate_scale(const ScalePaths& paths, const data::Json& object, FieldErrors& errors);

}  // namespace slipway::registry
