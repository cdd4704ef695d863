#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "data/json.h"
#include "meta/gvk.h"
#include "meta/object.h"
#include "meta/selector.h"
#include "registry/definition/conversion_webhook.h"
#include "registry/resource.h"
#include "store/store.h"

// What makes stored bytes a Kubernetes resource: defaulting, pruning, validation, generation, optimistic locking,
// status subresource, finalizers, owner references. Two doors stand on it: apiserver (HTTP) and kube/local.
namespace slipway::registry {

using data::Json;
using meta::ObjectKey;
using meta::ObjectPtr;

struct ListOptions {
  std::string ns;  // "" = all namespaces
  meta::LabelSelector labels;
  meta::FieldSelector fields;
  std::size_t limit = 0;
  std::string continue_token;    // of the page before; kExpired when its revision is gone
  std::string resource_version;  // "" or "0" = newest; otherwise at least as new
  bool exact = false;            // the state at resource_version; kExpired when history no longer has it
};

// The JSON text of one object: immutable bytes, shared by everyone who reads them.
using ObjectText = store::Bytes;

template <typename Item>
struct ListOf {
  std::vector<Item> items;
  std::string resource_version;
  std::string continue_token;
  std::int64_t remaining_item_count = 0;
};
using ObjectList = ListOf<ObjectPtr>;
using TextList = ListOf<ObjectText>;

struct WatchOptions {
  std::string ns;
  meta::LabelSelector labels;
  meta::FieldSelector fields;
  std::string resource_version;  // watch what happens after it; "" or "0" = first the present objects as ADDED
  bool allow_bookmarks = false;
  // Whether the present objects come first, whatever resource_version says; then, with allow_bookmarks, a bookmark with
  // the annotation k8s.io/initial-events-end tells their end. Unset: resource_version decides, and no such bookmark.
  std::optional<bool> send_initial_events;
};

struct WatchEvent {
  enum class Type { kAdded, kModified, kDeleted, kBookmark };
  Type type = Type::kAdded;
  ObjectPtr object;
};
std::string_view watch_event_type_text(WatchEvent::Type type);  // "ADDED", ...
struct TextEvent {
  WatchEvent::Type type = WatchEvent::Type::kAdded;
  ObjectText object;
};

// Events of one resource. One reader thread; close() from any thread. A selector that stops matching shows as kDeleted.
template <typename Event>
class WatchOf {
 public:
  virtual ~WatchOf() = default;
  // At least one event, or none after `timeout`. kExpired: list again. kCancelled: closed.
  virtual base::Result<std::vector<Event>> next(std::chrono::milliseconds timeout) = 0;
  virtual void close() = 0;
  // As store::Watch::on_ready: called when next() may return at once; lets one thread serve thousands of watches.
  virtual void on_ready(std::function<void()> callback) { (void)callback; }
  // The resourceVersion up to which this watch has reported everything (for bookmarks); "" when unknown.
  virtual std::string resource_version() const { return {}; }
};
using Watch = WatchOf<WatchEvent>;
using TextWatch = WatchOf<TextEvent>;

enum class PatchType { kJson, kMerge };

struct WriteOptions {
  std::string subresource;  // "" or "status"
  bool dry_run = false;
  bool by_server = false;  // what is protected from users may be changed
  // The door's own rules about this writer, asked last before the object is stored, also on a dry run: may this
  // become of `old` (null: a new object)? May be asked again when another writer was quicker.
  std::function<base::Status(const Json* old, const Json& object)> check;
  std::string field_manager;  // who writes, for metadata.managedFields; "" = "unknown"
  // Set, when not null, to the text that readers of this version get of the written object, where it is stored as such.
  ObjectText* written = nullptr;
  // The subresource that managedFields name, where it is not the one above (a scale request changes the object itself).
  std::string recorded_subresource;

  const std::string& tracked_subresource() const {
    return recorded_subresource.empty() ? subresource : recorded_subresource;
  }
};

struct ApplyOptions : WriteOptions {  // field_manager must be set
  bool force = false;                 // takes fields from other managers instead of a conflict with them
};

enum class Propagation { kBackground, kForeground, kOrphan };
struct DeleteOptions {
  Propagation propagation = Propagation::kBackground;
  std::string precondition_uid;
  std::string precondition_resource_version;
  bool dry_run = false;
};

// Checks or changes an object of one kind on its way in, after schema defaulting and validation. `old` is null on
// create. Admission runs in the order of registration. Must be quick and free of side effects.
struct AdmissionRequest {
  const ResourceInfo& resource;
  const Json* old = nullptr;
  Json& object;
  std::string subresource;
};
using Admission = std::function<base::Status(AdmissionRequest&)>;

// Converts an object between two versions of its kind.
using Converter = std::function<base::Result<Json>(const Json& object, const std::string& to_version)>;

// The field of an error (kExpired) whose message is the token with which a cut list may go on inconsistently.
inline constexpr std::string_view kContinueField = "metadata.continue";
// kTimeout: a resourceVersion that this store has not reached.
base::Error too_large_resource_version(store::Revision wanted, store::Revision current);

// Errors carry Kubernetes' reasons and messages (`hosts.inventory.slipway.dev "a" not found`); field errors are in
// Error::fields(). Thread-safe.
class Registry {
 public:
  struct Options {
    base::Clock* clock = &base::SystemClock::instance();
    base::Random* random = &base::SystemRandom::instance();
  };
  Registry(store::Store& store, Options options);
  ~Registry();

  // Set-up, before the first request. The built-in kinds and the stored CustomResourceDefinitions are there from the
  // start. install_definition stores a definition (apiextensions.k8s.io/v1) that comes with the program, unless it is
  // there already: users see it and cannot change or delete it. add_crd serves one without storing it.
  base::Status install_definition(Json definition);
  base::Status add_crd(const Json& crd);
  void set_converter(const meta::GroupKind& kind, Converter converter);
  // Calls the webhooks of definitions that convert by one; without it such conversions fail.
  void set_webhook_caller(WebhookCaller caller);
  void add_admission(const meta::GroupKind& kind, Admission admission);

  const ResourceCatalog& catalog() const;

  // `resource` comes from the catalog and says which version the caller wants to see.
  base::Result<ObjectPtr> get(const ResourceVersionInfo& resource, const ObjectKey& key);
  base::Result<ObjectList> list(const ResourceVersionInfo& resource, const ListOptions& options);
  base::Result<std::unique_ptr<Watch>> watch(const ResourceVersionInfo& resource, const WatchOptions& options);
  // The same as text, for doors: what is stored in the version asked for is handed out as it lies there, unparsed.
  base::Result<ObjectText> get_text(const ResourceVersionInfo& resource, const ObjectKey& key);
  base::Result<TextList> list_text(const ResourceVersionInfo& resource, const ListOptions& options);
  base::Result<std::unique_ptr<TextWatch>> watch_text(const ResourceVersionInfo& resource, const WatchOptions& options);
  // The object in a text that came from one of these; one parse shared by all who ask for the same text.
  base::Result<ObjectPtr> parse(const ObjectText& text);
  base::Result<ObjectPtr> create(const ResourceVersionInfo& resource, Json object, const WriteOptions& options = {});
  // The same for callers with many creations under way: nobody waits for the disk. `stored` is called once, on this
  // thread for what is refused at once, else on the store's: quick, then. It is given what makes the outcome, which may
  // take its time and is called once, on any thread. `resource` and `options` must live until then.
  using Outcome = std::function<base::Result<ObjectPtr>()>;
  void create_later(const ResourceVersionInfo& resource, Json object, const WriteOptions& options,
                    std::function<void(Outcome)> stored);
  base::Result<ObjectPtr> update(const ResourceVersionInfo& resource, Json object, const WriteOptions& options = {});
  base::Result<ObjectPtr> patch(const ResourceVersionInfo& resource, const ObjectKey& key, PatchType type,
                                const Json& patch, const WriteOptions& options = {});
  // For other kinds of patches: reads the object, lets `change` make the new one and writes it; again when another
  // writer was quicker, unless the new object names an older resourceVersion itself (kConflict then).
  using Change = std::function<base::Result<Json>(const Json& current)>;
  base::Result<ObjectPtr> modify(const ResourceVersionInfo& resource, const ObjectKey& key, const Change& change,
                                 const WriteOptions& options = {});
  // Server-side apply: makes the object, or merges the configuration into it. kConflict with the causes in fields()
  // (reason FieldManagerConflict) when it changes what other managers own. A configuration that changes nothing writes
  // nothing.
  struct Applied {
    ObjectPtr object;
    bool created = false;
  };
  base::Result<Applied> apply(const ResourceVersionInfo& resource, const ObjectKey& key, const Json& configuration,
                              const ApplyOptions& options);
  // The object as it was last (or now is, when finalizers keep it).
  base::Result<ObjectPtr> remove(const ResourceVersionInfo& resource, const ObjectKey& key,
                                 const DeleteOptions& options = {});

  // What the writer of this object, which was accepted, should be told.
  std::vector<std::string> warnings(const ResourceVersionInfo& resource, const Json& object) const;

  store::Store& store();
  // The object in these stored bytes, in the storage version; one parse shared with watchers and readers.
  base::Result<ObjectPtr> decode(const ResourceInfo& resource, const store::Bytes& bytes);

  struct State;  // the inside, for the sources of this module (registry_state.h)

 private:
  std::unique_ptr<State> state_;
};

}  // namespace slipway::registry
