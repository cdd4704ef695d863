#pragma once

#include "base/result.h"
#include "data/json.h"

namespace slipway::apiserver {

// Kubernetes' strategic merge patch (k8s.io/apimachinery/pkg/util/strategicpatch) for the built-in kinds. `schema` is
// the kind's declared schema (ResourceVersionInfo::schema_document); its x-kubernetes-patch-* extensions say which
// lists are merged and by which key (x-kubernetes-list-type map and set count too), every other list is replaced whole.
// metadata has ObjectMeta's. Directives: $patch (replace, delete, merge), $retainKeys,
// $deleteFromPrimitiveList/<field>, $setElementOrder/<field>. kBadRequest for a patch that misuses them.
base::Result<data::Json> strategic_merge(data::Json target, const data::Json& patch, const data::Json& schema);

}  // namespace slipway::apiserver
