#pragma once

#include "data/json.h"
#include "registry/field_errors.h"

namespace slipway::registry {

// The rules of a CustomResourceDefinition (apiextensions.k8s.io/v1) beyond its own schema, in the words and with the
// field paths of apiextensions-apiserver 1.36: what all versions share is reported under spec, as there. `old` is null
// on create. Pure.
void validate_definition(const data::Json& definition, const data::Json* old, FieldErrors& errors);

}  // namespace slipway::registry
