#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "data/json.h"
#include "meta/gvk.h"

// Field errors and API errors in the words of kube-apiserver (k8s.io/apimachinery/pkg/util/validation/field and
// pkg/api/errors), so that clients, scripts and people see what they know.
namespace slipway::registry {

using FieldErrors = std::vector<base::FieldError>;

base::FieldError required_value(std::string_view path, std::string_view detail = "");
base::FieldError invalid_value(std::string_view path, const data::Json& value, std::string_view detail);
// A value of the wrong type: reads like invalid_value, has its own reason.
base::FieldError invalid_type(std::string_view path, const data::Json& value, std::string_view detail);
base::FieldError unsupported_value(std::string_view path, const data::Json& value,
                                   const std::vector<data::Json>& supported);
base::FieldError duplicate_value(std::string_view path, const data::Json& value);
base::FieldError forbidden_value(std::string_view path, std::string_view detail);
base::FieldError too_long(std::string_view path, std::int64_t limit);
base::FieldError too_many(std::string_view path, std::int64_t actual, std::int64_t limit);

// `Host.inventory.slipway.dev "a" is invalid: spec.x: Required value` with the causes in fields().
base::Error invalid_object(const meta::GroupKind& kind, std::string_view name, FieldErrors errors);
// `hosts.inventory.slipway.dev "a" not found`, and so on; `resource` is ResourceInfo::group_resource().
base::Error not_found(std::string_view resource, std::string_view name);
base::Error already_exists(std::string_view resource, std::string_view name);
base::Error forbidden(std::string_view resource, std::string_view name, std::string_view why);
// `Operation cannot be fulfilled on hosts.inventory.slipway.dev "a": <why>`
base::Error conflict(std::string_view resource, std::string_view name, std::string_view why);
base::Error modified_conflict(std::string_view resource, std::string_view name);

}  // namespace slipway::registry
