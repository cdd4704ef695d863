#pragma once

#include "data/json.h"

// One plain pass over the rules of conversion_rules.h, without what annotations keep.
namespace slipway::api::cluster {

// v1beta1 -> v1beta2 in place. What v1beta2 does not allow to be empty is left out. kInvalid with field paths when a
// value has no form there.
base::Status move_up(data::Json& object);

// v1beta2 -> v1beta1 in place.
void move_down(data::Json& object);

}  // namespace slipway::api::cluster
