#include "registry/custom_resource.h"

#include <fmt/core.h>

#include "meta/object.h"
#include "registry/definition/conversion_webhook.h"
#include "registry/schema.h"

namespace slipway::registry {

using base::ErrorCode;
using base::fail;
using data::Json;

namespace {

void read_strings(const Json& list, std::vector<std::string>& out) {
  for (const Json& item : list.items()) out.push_back(item.string_or_empty());
}

std::vector<PrinterColumn> read_columns(const Json& list) {
  std::vector<PrinterColumn> columns;
  for (const Json& item : list.items())
    columns.push_back({item.text({"name"}), item.text({"type"}), item.text({"format"}), item.text({"description"}),
                       item.text({"jsonPath"}), static_cast<int>(item["priority"].integer_or(0))});
  if (columns.empty()) columns.push_back({"Age", "date", "", "", ".metadata.creationTimestamp", 0});
  return columns;
}

std::optional<ScalePaths> read_scale(const Json& scale) {
  if (!scale.is_object()) return std::nullopt;
  return ScalePaths{scale.text({"specReplicasPath"}), scale.text({"statusReplicasPath"}),
                    scale.text({"labelSelectorPath"})};
}

base::Result<std::unique_ptr<ResourceVersionInfo>> read_version(const Json& item, const ResourceInfo& resource) {
  auto version = std::make_unique<ResourceVersionInfo>();
  version->resource = &resource;
  version->version = item.text({"name"});
  version->served = item["served"].bool_or(false);
  version->has_status = item.get({"subresources", "status"}).is_object();
  version->scale = read_scale(item.get({"subresources", "scale"}));
  version->deprecated = item["deprecated"].bool_or(false);
  version->deprecation_warning = item.text({"deprecationWarning"});
  version->columns = read_columns(item["additionalPrinterColumns"]);
  for (const Json& field : item["selectableFields"].items()) {
    std::string path = field.text({"jsonPath"});
    version->selectable_fields.push_back(path.starts_with('.') ? path.substr(1) : path);
  }
  const Json& schema = item.get({"schema", "openAPIV3Schema"});
  if (schema.is_null()) return fail(ErrorCode::kInvalid, fmt::format("version {}: has no schema", version->version));
  version->schema =
      SLIPWAY_TRY(StructuralSchema::compile(schema).with_context(fmt::format("version {}", version->version)));
  version->set_schema_document(schema);
  return version;
}

base::Result<std::unique_ptr<ResourceInfo>> read_definition(const Json& crd) {
  const Json& spec = crd["spec"];
  const Json& names = spec["names"];
  auto resource = std::make_unique<ResourceInfo>();
  resource->group = spec.text({"group"});
  resource->kind = names.text({"kind"});
  resource->plural = names.text({"plural"});
  resource->list_kind = names["listKind"].string_or(resource->kind + "List");
  resource->singular = names.text({"singular"});
  read_strings(names["shortNames"], resource->short_names);
  read_strings(names["categories"], resource->categories);
  resource->namespaced = spec.text({"scope"}) == "Namespaced";
  if (resource->group.empty() || resource->kind.empty() || resource->plural.empty())
    return fail(ErrorCode::kInvalid, "spec.group, spec.names.kind and spec.names.plural must be set");
  if (meta::name(crd) != resource->plural + "." + resource->group)
    return fail(ErrorCode::kInvalid,
                fmt::format("metadata.name must be spec.names.plural+\".\"+spec.group, that is {}.{}", resource->plural,
                            resource->group));
  if (!resource->namespaced && spec.text({"scope"}) != "Cluster")
    return fail(ErrorCode::kInvalid, "spec.scope must be Namespaced or Cluster");
  for (const Json& item : spec["versions"].items()) {
    resource->versions.push_back(SLIPWAY_TRY(read_version(item, *resource)));
    if (!item["storage"].bool_or(false)) continue;
    if (!resource->storage_version.empty()) return fail(ErrorCode::kInvalid, "more than one version has storage: true");
    resource->storage_version = resource->versions.back()->version;
  }
  if (spec.text({"conversion", "strategy"}) == "Webhook")
    resource->conversion_webhook = std::make_shared<const ConversionWebhook>(read_conversion_webhook(crd));
  if (resource->storage_version.empty()) return fail(ErrorCode::kInvalid, "no version has storage: true");
  return resource;
}

}  // namespace

base::Result<std::unique_ptr<ResourceInfo>> parse_crd(const Json& crd) {
  if (crd.text({"apiVersion"}) != "apiextensions.k8s.io/v1" || crd.text({"kind"}) != "CustomResourceDefinition")
    return fail(ErrorCode::kInvalid,
                fmt::format("\"{}\" is no apiextensions.k8s.io/v1 CustomResourceDefinition", meta::name(crd)));
  return read_definition(crd).with_context(
      fmt::format("CustomResourceDefinition.apiextensions.k8s.io \"{}\" is invalid", meta::name(crd)));
}

}  // namespace slipway::registry
