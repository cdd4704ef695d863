#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "data/json.h"
#include "registry/resource.h"

namespace slipway::apiserver {

enum class FieldValidation { kIgnore, kWarn, kStrict };
// The fieldValidation parameter; "" is kWarn, as in kube-apiserver.
base::Result<FieldValidation> parse_field_validation(std::string_view text);

// Paths of members of `object` that the resource's schema does not know and that would be dropped silently.
std::vector<std::string> unknown_fields(const registry::ResourceVersionInfo& resource, const data::Json& object);

}  // namespace slipway::apiserver
