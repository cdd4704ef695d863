#include "registry/resource.h"

#include <algorithm>

#include "data/gzip.h"
#include "data/json_text.h"

namespace slipway::registry {

meta::Gvk ResourceVersionInfo::gvk() const {
  return {resource->group, version, resource->kind};
}

namespace {
constexpr std::size_t kMaxSchemaBytes = 64u << 20;
constexpr std::size_t kMaxSchemaDepth = 512;
}  // namespace

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
  return *version(storage_version);
}

const ResourceVersionInfo* ResourceCatalog::find(std::string_view group, std::string_view version,
                                                 std::string_view plural) const {
  for (const auto& resource : resources_) {
    if (resource->plural != plural || resource->group != group) continue;
    const ResourceVersionInfo* found = resource->version(version);
    return found != nullptr && found->served ? found : nullptr;
  }
  return nullptr;
}

const ResourceVersionInfo* ResourceCatalog::find_kind(const meta::Gvk& gvk) const {
  const ResourceInfo* resource = find_group_kind({gvk.group, gvk.kind});
  if (resource == nullptr) return nullptr;
  const ResourceVersionInfo* found = resource->version(gvk.version);
  return found != nullptr && found->served ? found : nullptr;
}

const ResourceInfo* ResourceCatalog::find_group_kind(const meta::GroupKind& kind) const {
  const auto found = std::ranges::find_if(
      resources_, [&](const auto& item) { return item->kind == kind.kind && item->group == kind.group; });
  return found != resources_.end() ? found->get() : nullptr;
}

ResourceInfo& ResourceCatalog::add(std::unique_ptr<ResourceInfo> resource) {
  ++generation_;
  return *resources_.emplace_back(std::move(resource));
}

}  // namespace slipway::registry
