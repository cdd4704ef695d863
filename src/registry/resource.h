#pragma once

#include <atomic>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "data/json.h"
#include "meta/gvk.h"

namespace slipway::registry {

class StructuralSchema;
struct ConversionWebhook;
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
  ResourceVersionInfo();
  ResourceVersionInfo(const ResourceVersionInfo&) = delete;
  ResourceVersionInfo& operator=(const ResourceVersionInfo&) = delete;

  const std::uint64_t id;                  // of no other one in this process
  const ResourceInfo* resource = nullptr;  // that owns this
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

// A kind as it is served. Immutable once it is in a catalog; whoever uses one for longer than a call holds it shared
// (shared_from_this(), or what the catalog's find functions return).
struct ResourceInfo : std::enable_shared_from_this<ResourceInfo> {
  std::string group;
  std::string kind;
  std::string list_kind;
  std::string plural;
  std::string singular;
  std::vector<std::string> short_names;
  std::vector<std::string> categories;
  // What may be done with it at all; the rest is answered with 405.
  std::vector<std::string> verbs{"create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"};
  bool built_in = false;  // a kind of Kubernetes itself, compiled in: its rules differ a little from custom resources'
  bool namespaced = true;
  bool terminating = false;  // its definition is being deleted: nothing is created any more
  std::uint64_t form = 0;    // differs between two that are served under one name, unless they serve the same
  std::string storage_version;
  std::vector<std::unique_ptr<ResourceVersionInfo>> versions;
  // Whom to ask for other versions; null: they differ in apiVersion only, or a Converter knows them.
  std::shared_ptr<const ConversionWebhook> conversion_webhook;
  // Another group's kind whose stored objects this kind shows in its own form; null: it has its own.
  std::shared_ptr<const ResourceInfo> stored_as;
  // Values with a newer store revision were written in the present storage version with its present defaults, so their
  // bytes are the object. What is as old or older is decoded, completed and converted when it is read
  // (schema_record.h).
  mutable std::atomic<std::int64_t> schema_revision = std::numeric_limits<std::int64_t>::max();

  meta::GroupKind group_kind() const { return {group, kind}; }
  std::string group_resource() const { return group.empty() ? plural : plural + "." + group; }  // in error messages
  const ResourceVersionInfo* version(std::string_view name) const;
  // The version in which objects are stored, of `stored_as` where there is one.
  const ResourceVersionInfo& storage() const;
};

using ResourcePtr = std::shared_ptr<const ResourceInfo>;
// Keeps the whole ResourceInfo alive.
using ResourceVersionPtr = std::shared_ptr<const ResourceVersionInfo>;
ResourceVersionPtr share(const ResourceVersionInfo& version);

// Everything that can be asked for. Thread-safe: every change makes a new table, what was found before stays as it is
// for as long as somebody holds it.
class ResourceCatalog {
 public:
  ResourceCatalog();
  ResourceCatalog(const ResourceCatalog&) = delete;
  ResourceCatalog& operator=(const ResourceCatalog&) = delete;

  // Served versions; null when there is none.
  ResourceVersionPtr find(std::string_view group, std::string_view version, std::string_view plural) const;
  ResourceVersionPtr find_kind(const meta::Gvk& gvk) const;
  ResourcePtr find_group_kind(const meta::GroupKind& kind) const;
  ResourcePtr find_resource(std::string_view group, std::string_view plural) const;
  // In the order in which they came.
  std::vector<ResourcePtr> all() const;
  // Changes whenever the catalog does: what was derived from it under another number is out of date.
  std::uint64_t generation() const;

  // Adds the resource, or replaces the one with the same group and plural name, which is returned (null: none).
  ResourcePtr put(ResourcePtr resource);
  ResourcePtr erase(std::string_view group, std::string_view plural);

 private:
  struct Table;
  std::shared_ptr<const Table> table() const;
  ResourcePtr change(std::string_view group, std::string_view plural, ResourcePtr resource);

  mutable std::mutex mutex_;  // held for the exchange of the pointer only
  std::mutex writer_mutex_;
  std::shared_ptr<const Table> table_;
};

}  // namespace slipway::registry
