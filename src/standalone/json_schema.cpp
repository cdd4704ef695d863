#include "standalone/json_schema.h"

#include "data/json_text.h"
#include "standalone/schema.h"

namespace slipway::standalone {

using data::Json;

namespace {

Json type_or_null(const char* type) {
  return Json::array({type, "null"});
}

Json schema_of(const Schema& schema, bool required);

// "key:" without a value is allowed where the key may be absent.
void add_members(Json& out, const Schema& schema) {
  Json required = Json::array();
  for (const Field& field : schema.fields) {
    out.at("properties").set(field.name, schema_of(*field.schema, field.required));
    if (field.required) required.append(std::string(field.name));
  }
  if (!required.empty()) out.set("required", std::move(required));
  out.set("additionalProperties", false);
}

Json text_schema(const Schema& schema, bool required) {
  Json out = Json::object({{"type", required ? Json("string") : type_or_null("string")}});
  if (!schema.words.empty()) {
    Json words = Json::array();
    for (const std::string_view word : schema.words) words.append(std::string(word));
    if (!required) words.append(Json());
    out.set("enum", std::move(words));
  }
  if (!schema.pattern.empty()) out.set("pattern", std::string(schema.pattern));
  if (!schema.example.empty()) out.set("examples", Json::array({std::string(schema.example)}));
  return out;
}

Json schema_of(const Schema& schema, bool required) {
  Json out = Json::object();
  switch (schema.type) {
    case Schema::Type::kText:
      out = text_schema(schema, required);
      break;
    case Schema::Type::kFlag:
      out.set("type", required ? Json("boolean") : type_or_null("boolean"));
      break;
    case Schema::Type::kVersion:
      out.set("enum", Json::array({"1.0", 1.0}));
      break;
    case Schema::Type::kList:
      out.set("type", required ? Json("array") : type_or_null("array"));
      out.set("items", schema_of(*schema.items, true));
      break;
    case Schema::Type::kMap:
      out.set("type", required ? Json("object") : type_or_null("object"));
      out.set("additionalProperties", schema_of(*schema.items, false));
      break;
    case Schema::Type::kObject:
      out.set("type", required ? Json("object") : type_or_null("object"));
      add_members(out, schema);
      break;
  }
  if (!schema.description.empty()) out.set("description", std::string(schema.description));
  if (schema.deprecated) out.set("deprecated", true);
  return out;
}

}  // namespace

Json json_schema() {
  Json out = schema_of(configuration_schema(), true);
  out.set("$schema", "https://json-schema.org/draft/2020-12/schema");
  out.set("title", "Slipway standalone edge configuration 1.0");
  return out;
}

std::string json_schema_text() {
  return data::to_json(json_schema(), 2) + "\n";
}

}  // namespace slipway::standalone
