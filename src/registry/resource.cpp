#include "registry/resource.h"

#include <algorithm>

namespace slipway::registry {

meta::Gvk ResourceVersionInfo::gvk() const {
  return {resource->group, version, resource->kind};
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
  return *resources_.emplace_back(std::move(resource));
}

}  // namespace slipway::registry
