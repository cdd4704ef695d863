#include "registry/garbage_collector.h"

#include <algorithm>
#include <array>
#include <atomic>

#include "base/log.h"
#include "data/json_scan.h"
#include "data/json_text.h"
#include "registry/definition/definition_status.h"

namespace slipway::registry {

using base::ErrorCode;
using base::fail;

namespace {

constexpr std::string_view kEverything = "/registry/";
constexpr std::chrono::milliseconds kRetryDelay{500};
constexpr std::chrono::milliseconds kIdle{60'000};
constexpr std::size_t kRemovers = 8;
constexpr std::size_t kTurn = 256;  // objects of a namespace until others have their turn

// What the graph has to know of an object, read out of its text: most of an object is none of its business.
data::Json graph_metadata(std::string_view text) {
  data::Json object = data::Json::object();
  const auto metadata = data::find_json_value(text, {"metadata"});
  if (!metadata) return object;
  constexpr std::array<std::string_view, 7> kNeeded{
      "name", "namespace", "uid", "resourceVersion", "ownerReferences", "finalizers", "deletionTimestamp"};
  data::Json& known = object.at("metadata");
  data::for_each_json_member(*metadata, [&](std::string_view name, std::string_view text_of_value) {
    if (std::ranges::find(kNeeded, name) == kNeeded.end()) return;
    if (auto value = data::parse_json(text_of_value)) known.set(name, std::move(*value));
  });
  return object;
}

// What another writer does first is no failure: its own event brings the object back to us.
base::Status settle(const auto& result) {
  if (result || result.error().code() == ErrorCode::kNotFound) return {};
  return result.error();
}

}  // namespace

void GarbageCollector::start() {
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

void GarbageCollector::stop() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  {
    const std::lock_guard lock(watch_mutex_);
    stopping_ = true;
    if (watch_ != nullptr) watch_->close();
  }
  thread_.join();
}

void GarbageCollector::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    const auto more = run_once(retry_.empty() ? kIdle : kRetryDelay);
    if (more || stop.stop_requested()) continue;
    base::log_warning("registry", "garbage collector: {}", more.error().message());
    if (more.error().code() == ErrorCode::kCancelled || more.error().code() == ErrorCode::kUnavailable) return;
    std::this_thread::sleep_for(kRetryDelay);
  }
}

base::Result<bool> GarbageCollector::run_once(std::chrono::milliseconds timeout) {
  if (watch_ == nullptr) {
    SLIPWAY_TRY(synchronize());
    timeout = std::chrono::milliseconds(0);
  }
  if (!again_.empty()) timeout = std::chrono::milliseconds(0);
  const std::size_t failed_before = retry_.size();
  const auto taken = take_events(timeout);
  if (!taken) {
    const std::lock_guard lock(watch_mutex_);
    watch_ = nullptr;
    if (taken.error().code() == ErrorCode::kExpired) return true;
    return taken.error();
  }
  queue_.merge(retry_);
  retry_.clear();
  const bool goes_on = !again_.empty();
  queue_.merge(again_);
  again_.clear();
  const bool had_work = goes_on || queue_.size() > failed_before;
  work();
  return had_work;
}

base::Status GarbageCollector::synchronize() {
  graph_.clear();
  const store::ListPage page = SLIPWAY_TRY(registry_.store().list(kEverything));
  for (const store::Entry& entry : page.entries) {
    const ResourcePtr resource = resource_of_key(entry.key);
    if (resource == nullptr) continue;
    graph_.put(*resource, graph_metadata(*entry.value));
  }
  for (std::string& uid : graph_.uids()) queue_.insert(std::move(uid));
  std::shared_ptr<store::Watch> watch = SLIPWAY_TRY(registry_.store().watch(kEverything, page.revision));
  const std::lock_guard lock(watch_mutex_);
  watch_ = std::move(watch);
  // A stop that came before the watch was there has closed nothing.
  if (stopping_) watch_->close();
  return {};
}

base::Status GarbageCollector::take_events(std::chrono::milliseconds timeout) {
  const auto events = SLIPWAY_TRY(watch_->next(timeout));
  for (const store::Event& event : events) apply(event);
  return {};
}

void GarbageCollector::apply(const store::Event& event) {
  const ResourcePtr resource = resource_of_key(event.key);
  const data::Json object = graph_metadata(*event.value);
  // The last objects of a kind may be heard of after their kind is gone.
  if (resource != nullptr && event.type == store::Event::Type::kPut)
    queue_.merge(graph_.put(*resource, object));
  else
    queue_.merge(graph_.erase(meta::uid(object)));
}

ResourcePtr GarbageCollector::resource_of_key(std::string_view key) const {
  key.remove_prefix(kEverything.size());
  const auto slash = key.find('/');
  if (slash == key.npos) return nullptr;
  const std::string_view group = key.substr(0, slash) == "core" ? "" : key.substr(0, slash);
  const std::string_view rest = key.substr(slash + 1);
  return registry_.catalog().find_resource(group, rest.substr(0, rest.find('/')));
}

base::Result<ResourcePtr> GarbageCollector::resource_of(const DependencyGraph::Node& node) const {
  ResourcePtr found = registry_.catalog().find_resource(node.kind->group, node.kind->plural);
  if (found != nullptr) return found;
  return fail(ErrorCode::kNotFound, "its kind is no longer served");
}

base::Result<ObjectPtr> GarbageCollector::get(const DependencyGraph::Node& node) {
  const ResourcePtr resource = SLIPWAY_TRY(resource_of(node));
  return registry_.get(resource->storage(), node.key);
}

base::Result<ObjectPtr> GarbageCollector::remove(const DependencyGraph::Node& node, const DeleteOptions& options) {
  const ResourcePtr resource = SLIPWAY_TRY(resource_of(node));
  return registry_.remove(resource->storage(), node.key, options);
}

base::Result<ObjectPtr> GarbageCollector::update(const DependencyGraph::Node& node, Json object,
                                                 std::string_view subresource) {
  const ResourcePtr resource = SLIPWAY_TRY(resource_of(node));
  return registry_.update(resource->storage(), std::move(object), {.subresource = std::string(subresource)});
}

base::Status GarbageCollector::remove_all(const std::vector<Removal>& removals) {
  std::atomic<std::size_t> next = 0;
  std::mutex mutex;
  base::Status first;
  const auto remove_some = [&] {
    for (std::size_t i = next++; i < removals.size(); i = next++) {
      const Removal& one = removals[i];
      const base::Status done =
          settle(registry_.remove(one.resource->storage(), one.key, {.precondition_uid = one.uid}));
      const std::lock_guard lock(mutex);
      if (first && !done) first = done;
    }
  };
  std::vector<std::jthread> others;
  for (std::size_t i = 1; i < std::min(kRemovers, removals.size()); ++i) others.emplace_back(remove_some);
  remove_some();
  others.clear();  // joins
  return first;
}

void GarbageCollector::work() {
  // Looking at one object may queue others.
  while (!queue_.empty()) {
    const std::string uid = queue_.extract(queue_.begin()).value();
    const auto done = look_at(uid);
    if (done) continue;
    if (done.error().code() != ErrorCode::kConflict)
      base::log_warning("registry", "garbage collector: {}", done.error().message());
    retry_.insert(uid);
  }
}

base::Status GarbageCollector::look_at(const std::string& uid) {
  const DependencyGraph::Node* node = graph_.find(uid);
  if (node == nullptr) return {};
  if (!node->deleting) return node->owners.empty() ? base::Status() : delete_if_unowned(*node);
  if (node->orphan) return orphan_dependents(*node);
  if (node->foreground) return finish_foreground(*node);
  if (node->kind->group_kind() == meta::GroupKind{"", "Namespace"}) return empty_namespace(*node);
  if (node->kind->group_kind() == meta::GroupKind{"apiextensions.k8s.io", "CustomResourceDefinition"})
    return finish_definition(*node);
  return {};
}

base::Status GarbageCollector::finish_definition(const DependencyGraph::Node& node) {
  constexpr std::size_t kPage = 500;
  const auto dot = node.key.name.find('.');
  const ResourcePtr resource =
      registry_.catalog().find_resource(node.key.name.substr(dot + 1), node.key.name.substr(0, dot));
  bool remaining = false;
  if (resource != nullptr && resource->terminating) {
    ListOptions options;
    options.limit = kPage;
    do {
      const ObjectList page = SLIPWAY_TRY(registry_.list(resource->storage(), options));
      std::vector<Removal> removals;
      for (const ObjectPtr& object : page.items) {
        if (!meta::is_deleting(*object)) removals.push_back({resource, meta::key_of(*object), meta::uid(*object)});
        remaining |= !object->get({"metadata", "finalizers"}).empty();
      }
      SLIPWAY_TRY(remove_all(removals));
      options.continue_token = page.continue_token;
    } while (!options.continue_token.empty());
  }
  // The last one to go brings the definition here again.
  return remaining ? base::Status() : remove_own_finalizer(node, kCleanupFinalizer);
}

base::Status GarbageCollector::empty_namespace(const DependencyGraph::Node& node) {
  const auto& content = graph_.content(node.key.name);
  std::vector<Removal> removals;
  for (const std::string_view uid : content) {
    const DependencyGraph::Node* item = graph_.find(std::string(uid));
    const ResourcePtr resource = item->deleting ? nullptr : resource_of(*item).value_or(nullptr);
    if (resource != nullptr) removals.push_back({resource, item->key, item->uid});
    if (removals.size() < kTurn) continue;
    again_.insert(node.uid);
    break;
  }
  SLIPWAY_TRY(remove_all(removals));
  if (!content.empty()) return {};
  auto space = get(node);
  if (!space) return settle(space);
  if (meta::uid(**space) != node.uid) return {};
  Json object = **space;
  object.at("spec").erase("finalizers");
  return settle(update(node, std::move(object), "finalize"));
}

base::Status GarbageCollector::finish_foreground(const DependencyGraph::Node& node) {
  bool blocked = false;
  for (const std::string& uid : graph_.dependents(node.uid)) {
    const DependencyGraph::Node* dependent = graph_.find(uid);
    for (const auto& owner : dependent->owners)
      blocked |=
          owner.uid == node.uid && owner.block_owner_deletion && owner_state(*dependent, owner) == OwnerState::kWaiting;
    if (!dependent->deleting) queue_.insert(uid);
  }
  return blocked ? base::Status() : remove_own_finalizer(node, "foregroundDeletion");
}

base::Status GarbageCollector::orphan_dependents(const DependencyGraph::Node& node) {
  for (const std::string& uid : graph_.dependents(node.uid)) {
    const DependencyGraph::Node* dependent = graph_.find(uid);
    const auto object = get(*dependent);
    if (!object) SLIPWAY_TRY(settle(object));
    if (object && meta::uid(**object) == uid) SLIPWAY_TRY(keep_owners(*dependent, **object, {node.uid}));
  }
  return remove_own_finalizer(node, "orphan");
}

GarbageCollector::OwnerState GarbageCollector::owner_state(const DependencyGraph::Node& node,
                                                           const meta::OwnerReference& owner) const {
  const meta::GroupKind kind{meta::parse_api_version(owner.api_version).group, owner.kind};
  const ResourcePtr resource = registry_.catalog().find_group_kind(kind);
  // An owner that cannot be looked up: a kind nobody serves here, or one in a namespace that a cluster-scoped object
  // cannot name.
  if (resource == nullptr || (resource->namespaced && !node.kind->namespaced)) return OwnerState::kPresent;
  const DependencyGraph::Node* found = graph_.find(owner.uid);
  if (found == nullptr || found->kind->group_kind() != kind || found->key.name != owner.name) return OwnerState::kGone;
  // Nothing is owned across namespaces.
  if (found->kind->namespaced && found->key.ns != node.key.ns) return OwnerState::kGone;
  return found->is_deleting_dependents() ? OwnerState::kWaiting : OwnerState::kPresent;
}

base::Status GarbageCollector::delete_if_unowned(const DependencyGraph::Node& node) {
  const auto states = [&](const std::vector<meta::OwnerReference>& owners, OwnerState state) {
    return std::ranges::any_of(owners, [&](const auto& owner) { return owner_state(node, owner) == state; });
  };
  if (!states(node.owners, OwnerState::kWaiting) && !states(node.owners, OwnerState::kGone)) return {};
  // The newest owners decide: somebody may have adopted it meanwhile. Then its event, which comes, brings it here
  // again, and the graph knows the new owner by then.
  const auto live = get(node);
  if (!live) return settle(live);
  if (meta::uid(**live) != node.uid || meta::resource_version(**live) != node.resource_version) return {};
  const auto owners = meta::owner_references(**live);
  if (owners.empty()) return {};
  if (!states(owners, OwnerState::kPresent))
    return delete_dependent(node, **live, states(owners, OwnerState::kWaiting));
  std::set<std::string> gone;
  for (const auto& owner : owners)
    if (owner_state(node, owner) != OwnerState::kPresent) gone.insert(owner.uid);
  return keep_owners(node, **live, gone);
}

base::Status GarbageCollector::delete_dependent(const DependencyGraph::Node& node, const Json& object,
                                                bool owner_waits) {
  DeleteOptions options{.precondition_uid = node.uid, .precondition_resource_version = meta::resource_version(object)};
  const auto& dependents = graph_.dependents(node.uid);
  // A circle of foreground deletions would wait for itself.
  const bool is_circle = std::ranges::any_of(dependents, [&](const std::string& uid) {
    const DependencyGraph::Node* dependent = graph_.find(uid);
    return dependent->is_deleting_dependents();
  });
  if (meta::has_finalizer(object, "orphan"))
    options.propagation = Propagation::kOrphan;
  else if (meta::has_finalizer(object, "foregroundDeletion") || (owner_waits && !dependents.empty() && !is_circle))
    options.propagation = Propagation::kForeground;
  base::log_debug("registry", "garbage collector deletes {}.{} {}", node.kind->plural, node.kind->group,
                  node.key.text());
  return settle(remove(node, options));
}

base::Status GarbageCollector::keep_owners(const DependencyGraph::Node& node, const Json& object,
                                           const std::set<std::string>& gone) {
  Json changed = object;
  auto& owners = changed.at({"metadata", "ownerReferences"}).mutable_items();
  if (std::erase_if(owners, [&](const Json& owner) { return gone.contains(owner.text({"uid"})); }) == 0) return {};
  return settle(update(node, std::move(changed)));
}

base::Status GarbageCollector::remove_own_finalizer(const DependencyGraph::Node& node, std::string_view finalizer) {
  const auto live = get(node);
  if (!live) return settle(live);
  if (meta::uid(**live) != node.uid) return {};
  Json changed = **live;
  if (!meta::remove_finalizer(changed, finalizer)) return {};
  return settle(update(node, std::move(changed)));
}

}  // namespace slipway::registry
