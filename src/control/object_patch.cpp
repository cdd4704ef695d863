#include "control/object_patch.h"

#include <fmt/core.h>

#include "data/patch.h"

namespace slipway::control {

using base::ErrorCode;

namespace {

// The parts of an object that a metadata-and-spec patch may change.
Json without_status(const Json& object) {
  Json result = object;
  result.erase("status");
  Json& metadata = result.at("metadata");
  for (const char* owned_by_server : {"resourceVersion", "generation", "uid", "creationTimestamp", "managedFields"})
    metadata.erase(owned_by_server);
  return result;
}

bool replaces_shared_list(const Json& main_patch, const Json& status_patch) {
  return main_patch["metadata"].contains("finalizers") || main_patch["metadata"].contains("ownerReferences") ||
         status_patch.get({"status"}).contains("conditions");
}

Json guarded(Json patch, const std::string& revision) {
  patch.at("metadata").set("resourceVersion", revision);
  return patch;
}

Json finalizers_patch(const Json& object) {
  const Json& finalizers = object.get({"metadata", "finalizers"});
  return Json::object({{"metadata", Json::object({{"finalizers", finalizers.empty() ? Json() : finalizers},
                                                  {"resourceVersion", meta::resource_version(object)}})}});
}

}  // namespace

base::Result<ObjectPtr> patch_object(kube::Client& client, const Json& original, const Json& wanted) {
  const Gvk gvk = SLIPWAY_TRY(meta::gvk_of(wanted));
  const ObjectKey key = meta::key_of(wanted);
  const Json main_patch = data::diff_merge_patch(without_status(original), without_status(wanted));
  Json status_patch = Json::object();
  if (!(original["status"] == wanted["status"]))
    status_patch.set("status", data::diff_merge_patch(original["status"], wanted["status"]));

  const bool guard = replaces_shared_list(main_patch, status_patch);
  auto newest = std::make_shared<const Json>(original);
  if (!main_patch.empty()) {
    newest = SLIPWAY_TRY(client.patch(gvk, key, registry::PatchType::kMerge,
                                      guard ? guarded(main_patch, meta::resource_version(original)) : main_patch));
    if (meta::is_deleting(original) && wanted.get({"metadata", "finalizers"}).empty())
      return std::make_shared<const Json>(wanted);  // nothing keeps it: it is gone
  }
  if (!status_patch.empty()) {
    newest = SLIPWAY_TRY(client.patch(gvk, key, registry::PatchType::kMerge,
                                      guard ? guarded(status_patch, meta::resource_version(*newest)) : status_patch,
                                      {.subresource = "status"}));
  }
  return newest;
}

base::Result<bool> ensure_finalizer(kube::Client& client, const Json& object, std::string_view finalizer) {
  if (meta::is_deleting(object)) return false;
  Json wanted = object;
  if (!meta::add_finalizer(wanted, finalizer)) return false;
  const Gvk gvk = SLIPWAY_TRY(meta::gvk_of(object));
  SLIPWAY_TRY(client.patch(gvk, meta::key_of(object), registry::PatchType::kMerge, finalizers_patch(wanted)));
  return true;
}

base::Status drop_finalizer(kube::Client& client, const Json& object, std::string_view finalizer) {
  Json wanted = object;
  if (!meta::remove_finalizer(wanted, finalizer)) return {};
  const Gvk gvk = SLIPWAY_TRY(meta::gvk_of(object));
  const auto patched = client.patch(gvk, meta::key_of(object), registry::PatchType::kMerge, finalizers_patch(wanted));
  if (!patched.has_value() && patched.error().code() != ErrorCode::kNotFound) return patched.error();
  return {};
}

namespace {

base::Result<ObjectPtr> owned_by(ObjectPtr existing, const Json* owner) {
  if (owner == nullptr) return existing;
  std::string owners;
  for (const meta::OwnerReference& reference : meta::owner_references(*existing)) {
    if (reference.uid == meta::uid(*owner)) return existing;
    owners += (owners.empty() ? "" : ", ") + reference.kind + " " + reference.name;
  }
  return base::fail(ErrorCode::kAlreadyExists,
                    fmt::format("{} {} exists and does not belong to {} {} (owners: {}); delete or rename it",
                                existing->text({"kind"}), meta::key_of(*existing).text(), owner->text({"kind"}),
                                meta::name(*owner), owners.empty() ? "none" : owners));
}

}  // namespace

base::Result<ObjectPtr> create_or_get(kube::Client& client, Json object, const Json* owner) {
  const Gvk gvk = SLIPWAY_TRY(meta::gvk_of(object));
  const ObjectKey key = meta::key_of(object);
  auto existing = client.get(gvk, key);  // repeated passes are the usual case
  if (existing.has_value()) return owned_by(*existing, owner);
  if (existing.error().code() != ErrorCode::kNotFound) return existing;
  auto created = client.create(std::move(object));
  if (created.has_value() || created.error().code() != ErrorCode::kAlreadyExists) return created;
  return owned_by(SLIPWAY_TRY(client.get(gvk, key)), owner);
}

}  // namespace slipway::control
