#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "data/json.h"
#include "registry/field_errors.h"
#include "registry/kind_strategy.h"

// The rules of metav1.ObjectMeta (k8s.io/apimachinery/pkg/api/validation/objectmeta.go).
namespace slipway::registry {

// The type of every known member, before anything else reads it; unknown members and nulls are dropped. kBadRequest.
base::Status normalize_metadata(data::Json& object);

// A new object's metadata: uid, creationTimestamp, generation; what only the server sets is removed. Makes a name from
// generateName when there is none.
void stamp_new_metadata(data::Json& object, base::Clock& clock, base::Random& random, bool has_generation);

// An updated object's metadata: takes over from `old` what a client may leave out or must not change.
void carry_over_metadata(data::Json& object, const data::Json& old);

void validate_metadata(const data::Json& object, NameRule name_rule, FieldErrors& errors);
void validate_metadata_update(const data::Json& object, const data::Json& old, FieldErrors& errors);

// Finalizers that are neither of Kubernetes nor named with a domain; `path` is the list's.
void validate_finalizer_names(const data::Json& finalizers, std::string_view path, FieldErrors& errors);

// Paths of members of `metadata` that ObjectMeta does not have.
std::vector<std::string> unknown_metadata_fields(const data::Json& object);

// Why a key of a Secret or ConfigMap is refused; "" when it is fine.
std::string config_key_problem(std::string_view key);

}  // namespace slipway::registry
