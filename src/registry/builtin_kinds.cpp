#include "registry/builtin_kinds.h"

#include <memory>
#include <vector>

#include "data/json_text.h"
#include "registry/builtin_kind.h"
#include "registry/schema.h"

namespace slipway::registry {

namespace {

ResourcePtr make_resource(const ResourceCatalog& catalog, const BuiltinKind& row) {
  auto resource = std::make_shared<ResourceInfo>();
  resource->group = row.group;
  resource->kind = row.kind;
  resource->list_kind = row.kind + "List";
  resource->plural = row.plural;
  resource->singular = row.singular;
  resource->short_names = row.short_names;
  resource->categories = row.categories;
  resource->built_in = true;
  // As in kube-apiserver: namespaces go one by one.
  if (resource->group_kind() == meta::GroupKind{"", "Namespace"}) std::erase(resource->verbs, "deletecollection");
  resource->namespaced = row.namespaced;
  resource->storage_version = row.version;
  if (!row.stored_as.kind.empty()) resource->stored_as = catalog.find_group_kind(row.stored_as);
  auto version = std::make_unique<ResourceVersionInfo>();
  version->resource = resource.get();
  version->version = row.version;
  version->has_status = row.has_status;
  version->columns = row.columns;
  version->selectable_fields = row.selectable_fields;
  // The texts are ours: that they compile is a test, not a condition at run time.
  if (auto json = data::parse_json(row.schema)) {
    if (auto schema = StructuralSchema::compile(*json)) version->schema = *schema;
    version->set_schema_document(*json);
  }
  resource->versions.push_back(std::move(version));
  return resource;
}

}  // namespace

bool is_protected_namespace(std::string_view name) {
  return name == "default" || name == "kube-system";
}

void add_builtin_kinds(ResourceCatalog& catalog, std::map<meta::GroupKind, KindStrategy>& strategies) {
  for (const auto& family : {core_kinds, coordination_kinds, event_kinds, rbac_kinds, definition_kinds}) {
    const std::vector<BuiltinKind> rows = family();
    for (const BuiltinKind& row : rows) {
      catalog.put(make_resource(catalog, row));
      strategies[{row.group, row.kind}] = row.strategy;
    }
  }
}

}  // namespace slipway::registry
