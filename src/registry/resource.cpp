#include "registry/resource.h"

#include <algorithm>
#include <atomic>

#include "data/gzip.h"
#include "data/json_text.h"

namespace slipway::registry {

namespace {
constexpr std::size_t kMaxSchemaBytes = 64u << 20;
constexpr std::size_t kMaxSchemaDepth = 512;

using Name = std::pair<std::string, std::string>;
using NameView = std::pair<std::string_view, std::string_view>;

struct NameLess {
  using is_transparent = void;
  bool operator()(const auto& left, const auto& right) const { return NameView(left) < NameView(right); }
};

ResourceVersionPtr served_version(const ResourcePtr& resource, std::string_view version) {
  const ResourceVersionInfo* found = resource != nullptr ? resource->version(version) : nullptr;
  return found != nullptr && found->served ? ResourceVersionPtr(resource, found) : nullptr;
}
}  // namespace

// One state of the catalog; never changed.
struct ResourceCatalog::Table {
  using Index = std::map<Name, ResourcePtr, NameLess>;
  std::uint64_t generation = 0;
  std::vector<ResourcePtr> all;
  Index by_plural;
  Index by_kind;

  static ResourcePtr lookup(const Index& index, std::string_view group, std::string_view name) {
    const auto found = index.find(NameView(group, name));
    return found != index.end() ? found->second : nullptr;
  }
};

ResourceVersionInfo::ResourceVersionInfo()
    : id([] {
        static std::atomic<std::uint64_t> last = 0;
        return ++last;
      }()) {}

meta::Gvk ResourceVersionInfo::gvk() const {
  return {resource->group, version, resource->kind};
}

void ResourceVersionInfo::set_schema_document(const data::Json& document) {
  packed_schema_ = data::gzip_compress(data::to_json(document), 9);
}

data::Json ResourceVersionInfo::schema_document() const {
  if (packed_schema_.empty()) return {};
  const auto text = data::gzip_decompress(packed_schema_, kMaxSchemaBytes);
  if (!text) return {};
  auto document = data::parse_json(*text, {.max_bytes = kMaxSchemaBytes, .max_depth = kMaxSchemaDepth});
  return document ? std::move(*document) : data::Json();
}

const ResourceVersionInfo* ResourceInfo::version(std::string_view name) const {
  const auto found = std::ranges::find_if(versions, [&](const auto& item) { return item->version == name; });
  return found != versions.end() ? found->get() : nullptr;
}

const ResourceVersionInfo& ResourceInfo::storage() const {
  return stored_as != nullptr ? stored_as->storage() : *version(storage_version);
}

ResourceVersionPtr share(const ResourceVersionInfo& version) {
  return {version.resource->shared_from_this(), &version};
}

ResourceCatalog::ResourceCatalog() : table_(std::make_shared<Table>()) {}

std::shared_ptr<const ResourceCatalog::Table> ResourceCatalog::table() const {
  const std::lock_guard lock(mutex_);
  return table_;
}

ResourceVersionPtr ResourceCatalog::find(std::string_view group, std::string_view version,
                                         std::string_view plural) const {
  return served_version(find_resource(group, plural), version);
}

ResourceVersionPtr ResourceCatalog::find_kind(const meta::Gvk& gvk) const {
  return served_version(find_group_kind({gvk.group, gvk.kind}), gvk.version);
}

ResourcePtr ResourceCatalog::find_group_kind(const meta::GroupKind& kind) const {
  return Table::lookup(table()->by_kind, kind.group, kind.kind);
}

ResourcePtr ResourceCatalog::find_resource(std::string_view group, std::string_view plural) const {
  return Table::lookup(table()->by_plural, group, plural);
}

std::vector<ResourcePtr> ResourceCatalog::all() const {
  return table()->all;
}

std::uint64_t ResourceCatalog::generation() const {
  return table()->generation;
}

ResourcePtr ResourceCatalog::put(ResourcePtr resource) {
  const std::string group = resource->group;
  const std::string plural = resource->plural;
  return change(group, plural, std::move(resource));
}

ResourcePtr ResourceCatalog::erase(std::string_view group, std::string_view plural) {
  return change(group, plural, nullptr);
}

ResourcePtr ResourceCatalog::change(std::string_view group, std::string_view plural, ResourcePtr resource) {
  const std::lock_guard writing(writer_mutex_);
  auto next = std::make_shared<Table>(*table());
  ++next->generation;
  const ResourcePtr old = Table::lookup(next->by_plural, group, plural);
  if (old != nullptr) next->by_kind.erase({old->group, old->kind});
  const auto place = std::ranges::find(next->all, old);
  if (resource != nullptr) {
    next->by_plural[{resource->group, resource->plural}] = resource;
    next->by_kind[{resource->group, resource->kind}] = resource;
    if (old != nullptr)
      *place = std::move(resource);
    else
      next->all.push_back(std::move(resource));
  } else if (old != nullptr) {
    next->by_plural.erase({old->group, old->plural});
    next->all.erase(place);
  }
  std::shared_ptr<const Table> replaced = std::move(next);  // ends outside of the lock
  {
    const std::lock_guard lock(mutex_);
    table_.swap(replaced);
  }
  return old;
}

}  // namespace slipway::registry
