#pragma once

#include "base/result.h"
#include "data/json.h"

namespace slipway::apiserver {

// Kubernetes' strategic merge patch (k8s.io/apimachinery/pkg/util/strategicpatch) for the built-in kinds, whose only
// lists with a merge strategy are metadata.ownerReferences (by uid), metadata.finalizers (a set) and
// status.conditions (by type); every other list is replaced whole. Directives: $patch (replace, delete, merge),
// $retainKeys, $deleteFromPrimitiveList/<field>, $setElementOrder/<field> (read over: order does not matter in these
// lists). kBadRequest for a patch that misuses them.
base::Result<data::Json> strategic_merge(data::Json target, const data::Json& patch);

}  // namespace slipway::apiserver
