#include "kube/local_client.h"

#include <fmt/core.h>

namespace slipway::kube {

using base::ErrorCode;
using registry::ResourceVersionInfo;

namespace {

base::Result<const ResourceVersionInfo*> find_resource(registry::Registry& registry, const Gvk& gvk) {
  if (const ResourceVersionInfo* found = registry.catalog().find_kind(gvk)) return found;
  return base::fail(ErrorCode::kNotFound,
                    fmt::format("no matches for kind \"{}\" in version \"{}\"", gvk.kind, gvk.api_version()));
}

base::Result<const ResourceVersionInfo*> resource_of(registry::Registry& registry, const Json& object) {
  const Gvk gvk = SLIPWAY_TRY(meta::gvk_of(object));
  return find_resource(registry, gvk);
}

}  // namespace

base::Result<ObjectPtr> LocalClient::get(const Gvk& gvk, const ObjectKey& key) {
  return registry_.get(*SLIPWAY_TRY(find_resource(registry_, gvk)), key);
}

base::Result<ObjectList> LocalClient::list(const Gvk& gvk, const ListOptions& options) {
  return registry_.list(*SLIPWAY_TRY(find_resource(registry_, gvk)), options);
}

base::Result<std::unique_ptr<Watch>> LocalClient::watch(const Gvk& gvk, const WatchOptions& options) {
  return registry_.watch(*SLIPWAY_TRY(find_resource(registry_, gvk)), options);
}

base::Result<ObjectPtr> LocalClient::create(Json object) {
  const ResourceVersionInfo* resource = SLIPWAY_TRY(resource_of(registry_, object));
  return registry_.create(*resource, std::move(object));
}

base::Result<ObjectPtr> LocalClient::update(Json object) {
  const ResourceVersionInfo* resource = SLIPWAY_TRY(resource_of(registry_, object));
  return registry_.update(*resource, std::move(object));
}

base::Result<ObjectPtr> LocalClient::update_status(Json object) {
  const ResourceVersionInfo* resource = SLIPWAY_TRY(resource_of(registry_, object));
  WriteOptions options;
  options.subresource = "status";
  return registry_.update(*resource, std::move(object), options);
}

base::Result<ObjectPtr> LocalClient::patch(const Gvk& gvk, const ObjectKey& key, PatchType type, const Json& patch,
                                           const WriteOptions& options) {
  return registry_.patch(*SLIPWAY_TRY(find_resource(registry_, gvk)), key, type, patch, options);
}

base::Result<ObjectPtr> LocalClient::remove(const Gvk& gvk, const ObjectKey& key, const DeleteOptions& options) {
  return registry_.remove(*SLIPWAY_TRY(find_resource(registry_, gvk)), key, options);
}

}  // namespace slipway::kube
