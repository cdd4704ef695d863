#include <fmt/core.h>

#include "registry/field_errors.h"
#include "registry/object_limits.h"
#include "registry/object_metadata.h"
#include "registry/registry_state.h"
#include "registry/resource.h"

namespace slipway::registry {

using base::ErrorCode;
using base::fail;

namespace {

constexpr int kNameAttempts = 8;

}  // namespace

// What a writer sent, in the form in which it may get its name.
struct Registry::State::NewObject {
  Json object;
  Json sent_managers;
};

// A checked object in its storage version. No definition of its kind and no deletion of its namespace comes between
// the check and the end of the write.
struct Registry::State::Creation {
  ObjectKey key;
  Json object;
  std::shared_lock<StructureLock> unchanged;
};

base::Status Registry::State::check_namespace(const ResourceInfo& resource, const ObjectKey& key) {
  if (!resource.namespaced) return {};
  const ResourcePtr namespaces = catalog.find_group_kind({"", "Namespace"});
  const StoredObject found = SLIPWAY_TRY(read(*namespaces, {"", key.ns}));
  if (!meta::is_deleting(*found.object)) return {};
  return forbidden(resource.group_resource(), key.name,
                   fmt::format("unable to create new content in namespace {} because it is being terminated", key.ns))
      .with_fields(
          {{"metadata.namespace", "NamespaceTerminating", fmt::format("namespace {} is being terminated", key.ns)}});
}

base::Status Registry::State::check_creatable(const ResourceInfo& resource) const {
  const ResourcePtr current = catalog.find_resource(resource.group, resource.plural);
  if (current == nullptr) return fail(ErrorCode::kNotFound, "the server could not find the requested resource");
  if (current->terminating)
    return fail(ErrorCode::kForbidden, fmt::format("{}: create not allowed while custom resource definition is "
                                                   "terminating",
                                                   resource.group_resource()));
  if (current->form == resource.form) return {};
  return fail(ErrorCode::kConflict,
              fmt::format("the definition of {} has changed meanwhile; please try again", resource.group_resource()));
}

base::Result<Registry::State::NewObject> Registry::State::prepare_new(const ResourceVersionInfo& version, Json object,
                                                                      const WriteOptions& options) const {
  const ResourceInfo& resource = *version.resource;
  if (!options.subresource.empty())
    return fail(ErrorCode::kNotFound, "the server could not find the requested resource");
  SLIPWAY_TRY(check_kind(version, object));
  SLIPWAY_TRY(make_storable(object));
  Json sent = sent_managers(resource, object);
  SLIPWAY_TRY(normalize_metadata(object));
  if (!meta::resource_version(object).empty())
    return fail(ErrorCode::kBadRequest, "resourceVersion should not be set on objects to be created");
  if (resource.namespaced && meta::ns(object).empty())
    return fail(ErrorCode::kBadRequest, "an empty namespace may not be set during creation");
  if (!resource.namespaced) object.at("metadata").erase("namespace");
  if (version.has_status) object.erase("status");
  apply_schema(version, object);
  return NewObject{std::move(object), std::move(sent)};
}

base::Result<Registry::State::Creation> Registry::State::begin_creation(const ResourceVersionInfo& version,
                                                                        NewObject sent, const WriteOptions& options,
                                                                        const Json* applied) {
  const ResourceInfo& resource = *version.resource;
  const KindStrategy& rules = strategy(resource);
  Json& object = sent.object;
  stamp_new_metadata(object, clock, random, rules.has_generation);
  if (rules.prepare) rules.prepare(object, nullptr);
  SLIPWAY_TRY(validate(version, object, nullptr));
  const Json nothing = Json::object({{"apiVersion", object["apiVersion"]}, {"kind", object["kind"]}});
  set_managers(version, nothing, object, sent.sent_managers, options, applied);
  SLIPWAY_TRY(admit(version, nullptr, object, ""));
  if (options.check) SLIPWAY_TRY(options.check(nullptr, object));
  Creation creation{.key = meta::key_of(object), .object = {}, .unchanged = {}};
  creation.object = SLIPWAY_TRY(to_storage(version, std::move(object)));
  // Who changes a definition holds the lock alone already.
  if (!Definitions::concerns(resource)) creation.unchanged = std::shared_lock(structure_lock);
  SLIPWAY_TRY(check_creatable(resource));
  SLIPWAY_TRY(check_namespace(resource, creation.key));
  return creation;
}

base::Result<ObjectPtr> Registry::State::finish_creation(const ResourceVersionInfo& version,
                                                         const base::Result<store::Entry>& entry, Creation& creation,
                                                         const WriteOptions& options) {
  creation.unchanged = {};
  const ResourceInfo& resource = *version.resource;
  if (!entry && entry.error().code() == ErrorCode::kAlreadyExists)
    return already_exists(resource.group_resource(), creation.key.name);
  if (!entry) return entry.error();
  note_text(version, *entry, options);
  // Who wants the text is no program with a cache of objects.
  return to_version(version, finish_write(*entry, std::move(creation.object), options.written == nullptr));
}

base::Result<ObjectPtr> Registry::State::create(const ResourceVersionInfo& version, Json object,
                                                const WriteOptions& options, const Json* applied) {
  const ResourceInfo& resource = *version.resource;
  std::unique_lock<StructureLock> alone(structure_lock, std::defer_lock);
  if (Definitions::concerns(resource)) alone.lock();
  NewObject sent = SLIPWAY_TRY(prepare_new(version, std::move(object), options));
  const bool named = !meta::name(sent.object).empty();
  for (int attempt = 1;; ++attempt) {
    // Only generated names are tried again.
    Creation creation =
        SLIPWAY_TRY(begin_creation(version, named ? std::move(sent) : NewObject(sent), options, applied));
    if (options.dry_run) {
      if (read(resource, creation.key)) return already_exists(resource.group_resource(), creation.key.name);
      return to_version(version, std::make_shared<const Json>(std::move(creation.object)));
    }
    const EncodedObject encoded = SLIPWAY_TRY(encode(creation.object));
    Definitions::Change definition = SLIPWAY_TRY(definitions.stage(resource, creation.key.name, &creation.object));
    const auto entry = store.create(storage_key(resource, creation.key), encoded.encoder());
    if (entry) definition.keep();
    const bool taken = !entry && entry.error().code() == ErrorCode::kAlreadyExists;
    if (named || !taken || attempt == kNameAttempts) return finish_creation(version, entry, creation, options);
  }
}

void Registry::State::create_later(const ResourceVersionInfo& version, Json object, const WriteOptions& options,
                                   std::function<void(Outcome)> stored) {
  struct Pending {
    Creation creation;
    EncodedObject encoded;
  };
  const auto begin = [&]() -> base::Result<std::shared_ptr<Pending>> {
    NewObject sent = SLIPWAY_TRY(prepare_new(version, std::move(object), options));
    Creation creation = SLIPWAY_TRY(begin_creation(version, std::move(sent), options, nullptr));
    EncodedObject encoded = SLIPWAY_TRY(encode(creation.object));
    return std::make_shared<Pending>(std::move(creation), std::move(encoded));
  };
  // What may have to be tried again, is not stored or changes what is served keeps its thread.
  if (meta::name(object).empty() || options.dry_run || Definitions::concerns(*version.resource))
    return stored([outcome = create(version, std::move(object), options)] { return outcome; });
  auto begun = begin();
  if (!begun) return stored([error = begun.error()]() -> base::Result<ObjectPtr> { return error; });
  std::shared_ptr<Pending> pending = std::move(*begun);
  const std::string key = storage_key(*version.resource, pending->creation.key);
  const store::Encoder encoder = pending->encoded.encoder();
  store.create_later(key, encoder,
                     [this, pending = std::move(pending), &version, &options,
                      stored = std::move(stored)](base::Result<store::Entry> entry) mutable {
                       pending->creation.unchanged = {};
                       // What it holds is freed where the outcome is made, not here on the store's thread.
                       stored([this, pending = std::move(pending), &version, &options, entry = std::move(entry)] {
                         return finish_creation(version, entry, pending->creation, options);
                       });
                     });
}

base::Result<ObjectPtr> Registry::create(const ResourceVersionInfo& resource, Json object,
                                         const WriteOptions& options) {
  return state_->create(resource, std::move(object), options);
}

void Registry::create_later(const ResourceVersionInfo& resource, Json object, const WriteOptions& options,
                            std::function<void(Outcome)> stored) {
  state_->create_later(resource, std::move(object), options, std::move(stored));
}

}  // namespace slipway::registry
