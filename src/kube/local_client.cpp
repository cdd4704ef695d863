#include "kube/local_client.h"

#include <fmt/core.h>

namespace slipway::kube {

using base::ErrorCode;
using registry::ResourceVersionPtr;

namespace {

base::Result<ResourceVersionPtr> find_resource(registry::Registry& registry, const Gvk& gvk) {
  if (ResourceVersionPtr found = registry.catalog().find_kind(gvk)) return found;
  return base::fail(ErrorCode::kNotFound,
                    fmt::format("no matches for kind \"{}\" in version \"{}\"", gvk.kind, gvk.api_version()));
}

base::Result<ResourceVersionPtr> resource_of(registry::Registry& registry, const Json& object) {
  const Gvk gvk = SLIPWAY_TRY(meta::gvk_of(object));
  return find_resource(registry, gvk);
}

}  // namespace

WriteOptions LocalClient::with_manager(WriteOptions options) const {
  if (options.field_manager.empty()) options.field_manager = field_manager_;
  return options;
}

base::Result<ObjectPtr> LocalClient::get(const Gvk& gvk, const ObjectKey& key) {
  const ResourceVersionPtr resource = SLIPWAY_TRY(find_resource(registry_, gvk));
  return registry_.get(*resource, key);
}

base::Result<ObjectList> LocalClient::list(const Gvk& gvk, const ListOptions& options) {
  const ResourceVersionPtr resource = SLIPWAY_TRY(find_resource(registry_, gvk));
  return registry_.list(*resource, options);
}

base::Result<std::unique_ptr<Watch>> LocalClient::watch(const Gvk& gvk, const WatchOptions& options) {
  const ResourceVersionPtr resource = SLIPWAY_TRY(find_resource(registry_, gvk));
  return registry_.watch(*resource, options);
}

base::Result<ObjectPtr> LocalClient::create(Json object) {
  const ResourceVersionPtr resource = SLIPWAY_TRY(resource_of(registry_, object));
  return registry_.create(*resource, std::move(object), with_manager({}));
}

base::Result<ObjectPtr> LocalClient::update(Json object) {
  const ResourceVersionPtr resource = SLIPWAY_TRY(resource_of(registry_, object));
  return registry_.update(*resource, std::move(object), with_manager({}));
}

base::Result<ObjectPtr> LocalClient::update_status(Json object) {
  const ResourceVersionPtr resource = SLIPWAY_TRY(resource_of(registry_, object));
  WriteOptions options;
  options.subresource = "status";
  return registry_.update(*resource, std::move(object), with_manager(std::move(options)));
}

base::Result<ObjectPtr> LocalClient::patch(const Gvk& gvk, const ObjectKey& key, PatchType type, const Json& patch,
                                           const WriteOptions& options) {
  const ResourceVersionPtr resource = SLIPWAY_TRY(find_resource(registry_, gvk));
  return registry_.patch(*resource, key, type, patch, with_manager(options));
}

base::Result<ObjectPtr> LocalClient::apply(const Json& object, const ApplyOptions& options) {
  const auto resource = SLIPWAY_TRY(resource_of(registry_, object));
  ObjectKey key = meta::key_of(object);
  if (!resource->resource->namespaced) key.ns.clear();
  if (key.name.empty())
    return base::fail(ErrorCode::kBadRequest, fmt::format("a {} without a name", resource->resource->kind));
  registry::Registry::Applied applied = SLIPWAY_TRY(registry_.apply(*resource, key, object, options));
  return std::move(applied.object);
}

base::Result<ObjectPtr> LocalClient::remove(const Gvk& gvk, const ObjectKey& key, const DeleteOptions& options) {
  const ResourceVersionPtr resource = SLIPWAY_TRY(find_resource(registry_, gvk));
  return registry_.remove(*resource, key, options);
}

}  // namespace slipway::kube
