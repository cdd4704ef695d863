#pragma once

#include <string_view>

#include "data/json.h"

// cluster.x-k8s.io is stored as v1beta2 and served as v1beta1 too.
namespace slipway::api::cluster {

// Holds, on a v1beta1 object, the v1beta2 spec and status when v1beta1 cannot say all of it. (Upstream's name:
// kConversionDataAnnotation in cluster.h.) Holds, on a v1beta2 object, the v1beta1 spec it was written as when v1beta2
// cannot say all of it:
inline constexpr std::string_view kV1Beta1SpecAnnotation = "slipway.dev/v1beta1-spec";

// A Cluster, ClusterClass or Machine in the other version; an object that already has that version comes back as it is.
// Nothing is lost on the way there and back: a field that the reader did not change returns as it was written. Errors:
// kBadRequest for another kind or version, kInvalid (with field paths of the given object) for values that the other
// version cannot hold in any form, such as a timeout that is no duration. Pure.
base::Result<data::Json> convert(const data::Json& object, std::string_view to_version);

}  // namespace slipway::api::cluster
