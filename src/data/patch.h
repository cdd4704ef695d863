#pragma once

#include "data/json.h"

namespace slipway::data {

// RFC 7386.
Json merge_patch(Json target, const Json& patch);

// The smallest merge patch that turns `from` into `to` (null members of `to` cannot be expressed and are dropped).
Json diff_merge_patch(const Json& from, const Json& to);

// RFC 6902, all six operations. kBadRequest for a malformed patch, kInvalid when it does not apply ("test" failed, a
// path is missing); the message names the operation's index and path.
base::Result<Json> json_patch(Json target, const Json& patch);

// RFC 6901 look-up; nullptr when it is not there.
const Json* find_pointer(const Json& document, std::string_view pointer);

}  // namespace slipway::data
