#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "data/json.h"
#include "registry/resource.h"

namespace slipway::apiserver {

enum class FieldValidation { kIgnore, kWarn, kStrict };
// The fieldValidation parameter; "" is kWarn, as in kube-apiserver. kInvalid in the name of `options` (CreateOptions,
// ...).
base::Result<FieldValidation> parse_field_validation(std::string_view text, std::string_view options);

// What is wrong with the form of an object, as kube-apiserver says it: `duplicate field "a"`, `unknown field "b"`.
std::vector<std::string> form_problems(const registry::ResourceVersionInfo& resource, const data::Json& object,
                                       const std::vector<std::string>& duplicates);
// "strict decoding error: " and all of them.
std::string strict_error(const std::vector<std::string>& problems);

}  // namespace slipway::apiserver
