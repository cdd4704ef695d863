#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "data/json.h"
#include "meta/gvk.h"

namespace slipway::registry {

class StructuralSchema;
struct ResourceInfo;

// A column of `kubectl get` (apiextensions additionalPrinterColumns).
struct PrinterColumn {
  std::string name;
  std::string type;  // integer, number, string, boolean, date
  std::string format;
  std::string description;
  std::string json_path;  // ".status.phase"
  int priority = 0;       // > 0 only with -o wide
};

// Where a kind keeps what its /scale subresource shows (".spec.replicas"); label_selector may be "".
struct ScalePaths {
  std::string spec_replicas;
  std::string status_replicas;
  std::string label_selector;
};

// One served version of a resource: what a request to /apis/<group>/<version>/<plural> is about.
struct ResourceVersionInfo {
  const ResourceInfo* resource = nullptr;
  std::string version;
  bool served = true;
  std::shared_ptr<const StructuralSchema> schema;  // null: no schema (built-in kinds without one)
  bool has_status = false;
  std::optional<ScalePaths> scale;
  bool deprecated = false;
  std::string deprecation_warning;     // "" = the usual words; only of a deprecated version
  std::vector<PrinterColumn> columns;  // without the leading Name column
  // What a field selector may name besides metadata.name and metadata.namespace: "status.phase".
  std::vector<std::string> selectable_fields;
  meta::Gvk gvk() const;

  // The schema as it was declared, with descriptions and extensions, for documents (OpenAPI). Kept packed, because it
  // is large and seldom asked for; null when there is none.
  void set_schema_document(const data::Json& document);
  data::Json schema_document() const;
  const std::string& packed_schema_document() const { return packed_schema_; }

 private:
  std::string packed_schema_;
};

struct ResourceInfo {
  std::string group;
  std::string kind;
  std::string list_kind;
  std::string plural;
  std::string singular;
  std::vector<std::string> short_names;
  std::vector<std::string> categories;
  bool namespaced = true;
  std::string storage_version;
  std::vector<std::unique_ptr<ResourceVersionInfo>> versions;  // stable addresses

  meta::GroupKind group_kind() const { return {group, kind}; }
  std::string group_resource() const { return group.empty() ? plural : plural + "." + group; }  // in error messages
  const ResourceVersionInfo* version(std::string_view name) const;
  const ResourceVersionInfo& storage() const;
};

// Everything that can be asked for. Filled at set-up, then read-only.
class ResourceCatalog {
 public:
  const ResourceVersionInfo* find(std::string_view group, std::string_view version, std::string_view plural) const;
  const ResourceVersionInfo* find_kind(const meta::Gvk& gvk) const;
  const ResourceInfo* find_group_kind(const meta::GroupKind& kind) const;
  const std::vector<std::unique_ptr<ResourceInfo>>& all() const { return resources_; }
  ResourceInfo& add(std::unique_ptr<ResourceInfo> resource);
  // Changes whenever the catalog does: what was derived from it under another number is out of date.
  std::uint64_t generation() const { return generation_; }

 private:
  std::uint64_t generation_ = 0;
  std::vector<std::unique_ptr<ResourceInfo>> resources_;
};

}  // namespace slipway::registry
