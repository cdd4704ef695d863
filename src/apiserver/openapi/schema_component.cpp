#include "apiserver/openapi/schema_component.h"

#include <algorithm>
#include <fmt/core.h>
#include <vector>

#include "apiserver/openapi/meta_types.h"

namespace slipway::apiserver {

using data::Json;
using registry::ResourceVersionInfo;

namespace {

constexpr std::string_view kGvkExtension = "x-kubernetes-group-version-kind";
constexpr std::string_view kApiVersionText =
    "Group and version of the schema this object is written in, such as v1 or apps/v1.";
constexpr std::string_view kKindText = "The kind of the object in CamelCase. Cannot be changed.";
constexpr std::string_view kMetadataText = "Name, labels, owners and the other metadata every object has.";

// "inventory.slipway.dev" -> "dev.slipway.inventory"
std::string reversed(std::string_view group) {
  std::string out;
  while (!group.empty()) {
    const std::size_t dot = group.rfind('.');
    const std::string_view part = dot == group.npos ? group : group.substr(dot + 1);
    out.append(out.empty() ? "" : ".").append(part);
    group = dot == group.npos ? std::string_view() : group.substr(0, dot);
  }
  return out;
}

std::string package_of(const ResourceVersionInfo& info) {
  const std::string& group = info.resource->group;
  if (group.empty()) return fmt::format("io.k8s.api.core.{}.", info.version);
  if (info.resource->built_in) return fmt::format("io.k8s.api.{}.{}.", group.substr(0, group.find('.')), info.version);
  return fmt::format("{}.{}.", reversed(group), info.version);
}

Json described_text(std::string_view description) {
  return Json::object({{"type", "string"}, {"description", description}});
}

void add_object_members(Json& schema) {
  Json& properties = schema.at("properties");
  properties.set("apiVersion", described_text(kApiVersionText));
  properties.set("kind", described_text(kKindText));
  properties.set("metadata", described_reference(fmt::format("{}ObjectMeta", kMetaTypes), kMetadataText));
}

void for_each_part(Json& schema, const auto& visit) {
  if (schema["properties"].is_object())
    for (auto& [name, part] : schema.at("properties").mutable_members()) visit(part);
  for (const std::string_view word : {"items", "additionalProperties"})
    if (schema[word].is_object()) visit(schema.at(word));
}

void complete_embedded_resources(Json& schema) {
  for_each_part(schema, [](Json& part) { complete_embedded_resources(part); });
  if (!schema["x-kubernetes-embedded-resource"].bool_or(false)) return;
  add_object_members(schema);
  for (const std::string_view name : {"kind", "apiVersion"})
    if (std::ranges::find(schema["required"].items(), Json(name)) == schema["required"].items().end())
      schema.at("required").append(name);
}

// Built-in kinds: parts with a title become `<package><title>`; what only our own validation needs is left out.
void lift_named_parts(Json& schema, const std::string& package, Json& schemas) {
  for_each_part(schema, [&](Json& part) { lift_named_parts(part, package, schemas); });
  schema.erase("nullable");
  schema.erase("x-kubernetes-preserve-unknown-fields");
  if (!schema.contains("title")) return;
  const std::string name = package + schema.text({"title"});
  const std::string description = schema.text({"description"});
  schema.erase("title");
  schemas.set(name, std::move(schema));
  schema = described_reference(name, description);
}

Json list_schema(const ResourceVersionInfo& info) {
  const registry::ResourceInfo& resource = *info.resource;
  const Json items =
      Json::object({{"type", "array"},
                    {"description", fmt::format("The {}.", resource.plural)},
                    {"items", Json::object({{"allOf", Json::array({reference(component_name(info, resource.kind))})},
                                            {"default", Json::object()}})}});
  return Json::object(
      {{"type", "object"},
       {"description", fmt::format("{} is a list of {}.", resource.list_kind, resource.kind)},
       {"required", Json::array({"items"})},
       {"properties",
        Json::object({{"apiVersion", described_text(kApiVersionText)},
                      {"kind", described_text(kKindText)},
                      {"metadata", described_reference(fmt::format("{}ListMeta", kMetaTypes), "Metadata of the list.")},
                      {"items", items}})},
       {std::string(kGvkExtension),
        Json::array({group_version_kind(resource.group, info.version, resource.list_kind)})}});
}

}  // namespace

std::string component_name(const ResourceVersionInfo& info, std::string_view kind) {
  return package_of(info).append(kind);
}

void add_kind_components(const ResourceVersionInfo& info, Json& schemas) {
  const registry::ResourceInfo& resource = *info.resource;
  const bool built_in = resource.built_in;
  Json schema = info.schema_document();
  // Without a schema of its own no member is named: clients would take the named ones for all there may be.
  if (schema.is_null()) {
    schema = Json::object({{"type", "object"}});
  } else {
    complete_embedded_resources(schema);
    if (built_in) lift_named_parts(schema, package_of(info), schemas);
    add_object_members(schema);
  }
  schema.set(kGvkExtension, Json::array({group_version_kind(resource.group, info.version, resource.kind)}));
  if (!built_in)
    for (const std::string& field : info.selectable_fields)
      schema.at("x-kubernetes-selectable-fields").append(Json::object({{"fieldPath", field}}));
  schemas.set(component_name(info, resource.kind), std::move(schema));
  schemas.set(component_name(info, resource.list_kind), list_schema(info));
}

}  // namespace slipway::apiserver
