#include <fmt/core.h>

#include "registry/builtin_kinds.h"
#include "registry/field_errors.h"
#include "registry/registry_state.h"

namespace slipway::registry {

using base::ErrorCode;
using base::fail;

namespace {

constexpr int kRemoveAttempts = 10;
constexpr std::string_view kOrphan = "orphan";
constexpr std::string_view kForeground = "foregroundDeletion";

// kube-apiserver names the kind where other errors name the resource.
base::Status check_preconditions(const ResourceInfo& resource, const Json& object, const DeleteOptions& options) {
  const std::string kind = resource.group.empty() ? resource.kind : resource.kind + "." + resource.group;
  const auto check = [&](std::string_view what, const std::string& wanted, const std::string& actual,
                         std::string_view why) -> base::Status {
    if (wanted.empty() || wanted == actual) return {};
    return conflict(
        kind, meta::name(object),
        fmt::format("the {} in the precondition ({}) does not match the {} in record ({}). The object might "
                    "have been {}",
                    what, wanted, what, actual, why));
  };
  SLIPWAY_TRY(check("UID", options.precondition_uid, meta::uid(object), "deleted and then recreated"));
  return check("ResourceVersion", options.precondition_resource_version, meta::resource_version(object), "modified");
}

// The garbage collector does its part before the object may go, so it is asked by a finalizer.
void set_propagation(Json& object, Propagation propagation) {
  if (propagation != Propagation::kOrphan) meta::remove_finalizer(object, kOrphan);
  if (propagation != Propagation::kForeground) meta::remove_finalizer(object, kForeground);
  if (propagation == Propagation::kOrphan) meta::add_finalizer(object, kOrphan);
  if (propagation == Propagation::kForeground) meta::add_finalizer(object, kForeground);
}

}  // namespace

base::Result<ObjectPtr> Registry::State::remove(const ResourceVersionInfo& version, const ObjectKey& key,
                                                const DeleteOptions& options) {
  const ResourceInfo& resource = *version.resource;
  const bool is_namespace = resource.group_kind() == meta::GroupKind{"", "Namespace"};
  if (is_namespace && is_protected_namespace(key.name))
    return forbidden(resource.group_resource(), key.name, "this namespace may not be deleted");
  const bool defines = Definitions::concerns(resource);
  std::unique_lock<StructureLock> lock(structure_lock, std::defer_lock);
  if (is_namespace || defines) lock.lock();
  if (defines) SLIPWAY_TRY(definitions.check_removal(key.name));
  for (int attempt = 0; attempt < kRemoveAttempts; ++attempt) {
    auto result = remove_once(version, key, options);
    if (result || !is_write_race(result.error())) return result;
  }
  return modified_conflict(resource.group_resource(), key.name);
}

base::Result<ObjectPtr> Registry::State::remove_once(const ResourceVersionInfo& version, const ObjectKey& key,
                                                     const DeleteOptions& options) {
  const ResourceInfo& resource = *version.resource;
  const StoredObject stored = SLIPWAY_TRY(read(resource, key));
  SLIPWAY_TRY(check_preconditions(resource, *stored.object, options));
  Json object = *stored.object;
  set_propagation(object, options.propagation);
  if (Definitions::concerns(resource) && !meta::is_deleting(object)) definitions.begin_removal(object);
  const bool erase = !has_pending_finalizers(object);
  if (!erase && !meta::is_deleting(object)) {
    object.at("metadata").set("deletionTimestamp", base::format_rfc3339(clock.now()));
    object.at("metadata").set("deletionGracePeriodSeconds", 0);
    const KindStrategy& rules = strategy(resource);
    if (rules.has_generation) object.at("metadata").set("generation", meta::generation(object) + 1);
    const Json marked = object;
    if (rules.prepare) rules.prepare(object, &marked);
  }
  if (options.dry_run || (!erase && object == *stored.object))
    return to_version(version, std::make_shared<const Json>(std::move(object)));
  StoredObject written = SLIPWAY_TRY(store_replacement(resource, key, stored.entry, std::move(object), erase));
  return to_version(version, std::move(written.object));
}

}  // namespace slipway::registry
