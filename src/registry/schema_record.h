#pragma once

#include "base/result.h"
#include "registry/resource.h"
#include "store/store.h"

namespace slipway::registry {

// Finds out since when the values of a resource have been written with its present storage version and defaults, and
// sets `schema_revision` by it. Keeps a record in the store beside the objects (`/slipway/schemas/<group>/<plural>`): a
// fingerprint of what decides about stored bytes, and the revision at which it last changed.
//
// To be called before the resource is in the catalog, and for a changed resource after the last write under the old
// one ended.
base::Status record_schema(store::Store& store, const ResourceInfo& resource);

}  // namespace slipway::registry
