#pragma once

#include <string>

#include "registry/apply/field_set.h"

// The wire form of a field set, metadata.managedFields[].fieldsV1: {"f:spec":{".":{},"f:size":{}}}.
namespace slipway::registry {

data::Json encode_fields(const FieldSet& set);
// The same as text, in the order of structured-merge-diff, byte for byte.
std::string encode_fields_text(const FieldSet& set);

// Without decoding `fields`, which encode_fields() made: are all members of the set members there? Does it have
// anything at, above or below one of them?
bool has_all(const data::Json& fields, const FieldSet& set);
bool touches(const data::Json& fields, const FieldSet& set);

// kBadRequest for what is no set of fields. Elements of forms that are not known here are left out.
base::Result<FieldSet> decode_fields(const data::Json& fields);

}  // namespace slipway::registry
