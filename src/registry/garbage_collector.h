#pragma once

#include <chrono>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/result.h"
#include "registry/dependency_graph.h"
#include "registry/registry.h"

namespace slipway::registry {

// Deletes what nobody owns any more, finishes foreground and orphaning deletions, and empties namespaces and
// definitions that are being deleted. Follows every write of the store through one watch; nothing is polled, only
// failures are tried again. Rules: Kubernetes' garbage collector and namespace controller. An owner of a kind that is
// not in the catalog counts as present. The registry must outlive it.
class GarbageCollector {
 public:
  explicit GarbageCollector(Registry& registry) : registry_(registry) {}
  ~GarbageCollector() { stop(); }
  GarbageCollector(const GarbageCollector&) = delete;
  GarbageCollector& operator=(const GarbageCollector&) = delete;

  // Runs in a thread of its own until stop().
  void start();
  void stop();

  // One round on the caller's thread (instead of start()): takes what happened, waiting at most `timeout` for it, and
  // acts. True while there is more to do at once.
  base::Result<bool> run_once(std::chrono::milliseconds timeout);

 private:
  void run(const std::stop_token& stop);
  base::Status synchronize();
  base::Status take_events(std::chrono::milliseconds timeout);
  void apply(const store::Event& event);
  ResourcePtr resource_of_key(std::string_view key) const;
  // kNotFound when the kind of the node is gone.
  base::Result<ResourcePtr> resource_of(const DependencyGraph::Node& node) const;
  base::Result<ObjectPtr> get(const DependencyGraph::Node& node);
  base::Result<ObjectPtr> remove(const DependencyGraph::Node& node, const DeleteOptions& options);
  base::Result<ObjectPtr> update(const DependencyGraph::Node& node, Json object, std::string_view subresource = "");

  // Removes a number of objects at once, so that their writes share fsyncs. The first failure; none is left untried.
  struct Removal {
    ResourcePtr resource;
    meta::ObjectKey key;
    std::string uid;
  };
  base::Status remove_all(const std::vector<Removal>& removals);

  void work();
  base::Status look_at(const std::string& uid);
  // Deletes the objects of a definition that is being deleted, then lets it go.
  base::Status finish_definition(const DependencyGraph::Node& node);
  base::Status empty_namespace(const DependencyGraph::Node& node);
  base::Status finish_foreground(const DependencyGraph::Node& node);
  base::Status orphan_dependents(const DependencyGraph::Node& node);
  base::Status delete_if_unowned(const DependencyGraph::Node& node);
  base::Status delete_dependent(const DependencyGraph::Node& node, const Json& object, bool owner_waits);
  base::Status keep_owners(const DependencyGraph::Node& node, const Json& object, const std::set<std::string>& gone);
  base::Status remove_own_finalizer(const DependencyGraph::Node& node, std::string_view finalizer);

  enum class OwnerState { kPresent, kWaiting, kGone };
  OwnerState owner_state(const DependencyGraph::Node& node, const meta::OwnerReference& owner) const;

  Registry& registry_;
  DependencyGraph graph_;
  std::set<std::string> queue_;  // uids to look at
  std::set<std::string> retry_;  // uids whose turn failed
  std::set<std::string> again_;  // uids that gave the others a turn and go on at once
  std::mutex watch_mutex_;       // guards the next two against stop()
  bool stopping_ = false;
  std::shared_ptr<store::Watch> watch_;
  std::jthread thread_;
};

}  // namespace slipway::registry
