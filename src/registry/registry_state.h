#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "registry/definition/definitions.h"
#include "registry/kind_strategy.h"
#include "registry/object_codec.h"
#include "registry/open_watches.h"
#include "registry/registry.h"
#include "registry/selection.h"
#include "registry/structure_lock.h"

namespace slipway::registry {

class FieldManager;

// A stored value and its decoded form in the storage version.
struct StoredObject {
  store::Entry entry;
  ObjectPtr object;
};

// A stored value that a request selected.
struct SelectedValue {
  store::Revision revision = 0;
  store::Bytes bytes;
  ObjectPtr object;  // in the version asked for; null when nobody had to decode it
};

// The inside of Registry, shared by its source files. Set-up members are read-only once requests come.
struct Registry::State {
  State(store::Store& the_store, Options the_options)
      : store(the_store), clock(*the_options.clock), random(*the_options.random) {}

  store::Store& store;
  base::Clock& clock;
  base::Random& random;
  ResourceCatalog catalog;
  std::map<meta::GroupKind, KindStrategy> strategies;
  std::map<meta::GroupKind, Converter> converters;
  WebhookCaller webhook_caller;
  std::map<meta::GroupKind, std::vector<Admission>> admissions;
  ObjectCache cache;
  BytesCache<ObjectText, 256> converted;  // what watches show in another version; the tag is the version
  OpenWatches open_watches;
  Definitions definitions{*this};
  // Writers of an object share it from the check of its namespace and its kind to the end of the write; a
  // deletion of a namespace and every change of a definition hold it alone: nothing appears in a namespace or of a
  // kind after it was marked, nothing is written in a form that is no longer served.
  StructureLock structure_lock;

  // Reading (registry_read.cpp).
  const KindStrategy& strategy(const ResourceInfo& resource) const;
  base::Result<ObjectPtr> decode(const ResourceInfo& resource, const store::Bytes& bytes, bool keep);
  // `object` of `resource` as another version has it, by a converter or webhook; apiVersion is not touched otherwise.
  base::Result<Json> convert(const ResourceInfo& resource, const ResourceVersionInfo& version,
                             const Json& object) const;
  base::Result<ObjectPtr> to_version(const ResourceVersionInfo& version, ObjectPtr stored) const;
  base::Result<StoredObject> read(const ResourceInfo& resource, const ObjectKey& key);
  base::Result<store::Entry> read_entry(const ResourceInfo& resource, const ObjectKey& key);
  base::Status check_fields(const ResourceVersionInfo& version, const meta::FieldSelector& fields) const;
  // Whether a value written at `revision` is the text of its object in `version`.
  bool is_text_of(const ResourceVersionInfo& version, store::Revision revision) const;
  base::Result<ObjectPtr> object_in(const ResourceVersionInfo& version, const store::Bytes& bytes, bool keep);
  base::Result<ObjectText> text_in(const ResourceVersionInfo& version, const store::Bytes& bytes,
                                   store::Revision revision);
  // The same for what many readers will ask for.
  base::Result<ObjectText> shared_text_in(const ResourceVersionInfo& version, const store::Bytes& bytes,
                                          store::Revision revision);
  base::Result<ListOf<SelectedValue>> select(const ResourceVersionInfo& version, const ListOptions& options);

  // Creating (registry_create.cpp).
  // `applied`: the managedFields that server-side apply has worked out (null Json: none); null: an update, whose
  // managers are tracked here. The same for updates.
  base::Result<ObjectPtr> create(const ResourceVersionInfo& version, Json object, const WriteOptions& options,
                                 const Json* applied = nullptr);
  void create_later(const ResourceVersionInfo& version, Json object, const WriteOptions& options,
                    std::function<void(Outcome)> stored);
  // With structure_lock held: whether objects of the kind may be created.
  base::Status check_creatable(const ResourceInfo& resource) const;
  base::Status check_namespace(const ResourceInfo& resource, const ObjectKey& key);
  struct NewObject;
  base::Result<NewObject> prepare_new(const ResourceVersionInfo& version, Json object,
                                      const WriteOptions& options) const;
  struct Creation;
  base::Result<Creation> begin_creation(const ResourceVersionInfo& version, NewObject sent, const WriteOptions& options,
                                        const Json* applied);
  base::Result<ObjectPtr> finish_creation(const ResourceVersionInfo& version, const base::Result<store::Entry>& entry,
                                          Creation& creation, const WriteOptions& options);

  // Writing (registry_write.cpp, registry_remove.cpp).
  base::Result<Json> to_storage(const ResourceVersionInfo& version, Json object) const;
  base::Status admit(const ResourceVersionInfo& version, const Json* old, Json& object, std::string_view subresource);
  base::Status validate(const ResourceVersionInfo& version, const Json& object, const Json* old) const;
  base::Status check_subresource(const ResourceVersionInfo& version, std::string_view name) const;
  // With structure_lock held: whether objects of the kind are still stored in this form.
  bool is_current(const ResourceInfo& resource) const;
  // Reads, lets `change` make the new object (in the caller's version) and writes it; again when another writer was
  // quicker, until the object's resourceVersion no longer matches.
  base::Result<ObjectPtr> modify(const ResourceVersionInfo& version, const ObjectKey& key, const Change& change,
                                 const WriteOptions& options);
  base::Result<ObjectPtr> replace(const ResourceVersionInfo& version, const ObjectKey& key, const StoredObject& stored,
                                  const Json& current, Json object, const WriteOptions& options,
                                  const Json* applied = nullptr);
  // The prepared and checked object in the caller's version that takes the place of `current`.
  base::Result<Json> prepare_replacement(const ResourceVersionInfo& version, const Json& current, Json object,
                                         const WriteOptions& options, const Json* applied);
  // Gives the object, which takes the place of `before`, its managedFields; `sent` are those of the client.
  void set_managers(const ResourceVersionInfo& version, const Json& before, Json& object, const Json& sent,
                    const WriteOptions& options, const Json* applied) const;
  // Without managedFields when only they make it too big; kTooLarge.
  base::Result<EncodedObject> encode(Json& object) const;
  base::Result<ObjectPtr> remove(const ResourceVersionInfo& version, const ObjectKey& key,
                                 const DeleteOptions& options);
  base::Result<ObjectPtr> remove_once(const ResourceVersionInfo& version, const ObjectKey& key,
                                      const DeleteOptions& options);
  // Writes over (or, when `erase`, deletes) the value `entry`; the object is in the storage version and comes back with
  // its resourceVersion. write_race() when another writer was quicker.
  base::Result<StoredObject> store_replacement(const ResourceInfo& resource, const ObjectKey& key,
                                               const store::Entry& entry, Json object, bool erase);
  // The object with its resourceVersion. `keep`: in-process readers, who want it parsed, are likely.
  ObjectPtr finish_write(const store::Entry& entry, Json object, bool keep);
  // Tells the writer the text of what is stored now, when it is the text of the object in the writer's version.
  void note_text(const ResourceVersionInfo& version, const store::Entry& entry, const WriteOptions& options) const;
  // Gives definitions the names that a change of another one has set free.
  void settle_names(const std::string& group);

  // Server-side apply (registry_apply.cpp).
  Json track_managers(const ResourceVersionInfo& version, const Json& before, const Json& after, const Json& sent,
                      const WriteOptions& options) const;
  base::Result<Applied> apply(const ResourceVersionInfo& version, const ObjectKey& key, const Json& configuration,
                              const ApplyOptions& options);
  base::Result<ObjectPtr> create_applied(const ResourceVersionInfo& version, const ObjectKey& key,
                                         const Json& configuration, const ApplyOptions& options, FieldManager& fields);
};

// `/registry/<group>/<plural>/`, with the namespace and a slash when there is one; the core group is "core".
std::string storage_prefix(const ResourceInfo& resource, std::string_view ns);
std::string storage_key(const ResourceInfo& resource, const ObjectKey& key);

// What every written object goes through: its kind is that of the URL; unknown fields go, defaults come.
base::Status check_kind(const ResourceVersionInfo& version, const Json& object);
void apply_schema(const ResourceVersionInfo& version, Json& object);
// The managers that a writer names. An empty list of a custom resource is none: there kube-apiserver drops it while it
// decodes the metadata, so that writers who do not know the field take nothing away.
Json sent_managers(const ResourceInfo& resource, const Json& object);

// Something still has to happen before the object may go: finalizers, or a namespace's own.
bool has_pending_finalizers(const Json& object);

// The store's answer "somebody else wrote meanwhile": an internal signal, never handed to callers.
bool is_write_race(const base::Error& error);
base::Error write_race();

}  // namespace slipway::registry
