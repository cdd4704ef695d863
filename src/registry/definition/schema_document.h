#pragma once

#include <string>
#include <vector>

#include "data/json.h"
#include "registry/field_errors.h"

// The openAPIV3Schema of a CustomResourceDefinition, before it is compiled: its form, the rules that make it
// structural, and its defaults. Rules and words: apiextensions-apiserver 1.36, pkg/apis/apiextensions/validation and
// pkg/apiserver/schema.
namespace slipway::registry {

// Drops members that are no keyword of a schema and nulls, everywhere in it, as reading it into a typed object does.
void normalize_schema_document(data::Json& schema);

// Appends what is wrong with `schema`; paths start with `path` (".../openAPIV3Schema").
void validate_schema_document(const data::Json& schema, const std::string& path, bool has_status, FieldErrors& errors);

// The parts of validate_schema_document. Each expects what the one before it accepts.
// Keywords of the right type: nothing else is looked at while this fails.
void validate_schema_types(const data::Json& schema, const std::string& path, FieldErrors& errors);
void validate_schema_keywords(const data::Json& schema, const std::string& path, FieldErrors& errors);
void validate_structure(const data::Json& schema, const std::string& path, FieldErrors& errors);
void validate_schema_defaults(const data::Json& schema, const std::string& path, FieldErrors& errors);

// Formats that nothing checks ("unrecognized format"), each once.
std::vector<std::string> unrecognized_formats(const data::Json& schema);

}  // namespace slipway::registry
