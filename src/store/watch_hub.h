#pragma once

#include <map>
#include <memory>
#include <shared_mutex>
#include <string>
#include <vector>

#include "store/object_map.h"
#include "store/store.h"

namespace slipway::store {

class Watcher;

// Wakes the watchers of a store. Watchers hold no events: each is a cursor into the ring of the ObjectMap, grouped by
// prefix so that an event costs one comparison per distinct prefix, not per watcher.
//
// The hub shares the store's lock: methods marked LOCKED need it held exclusively. Watches keep the hub alive, and work
// (with kCancelled) after the store is gone.
class WatchHub : public std::enable_shared_from_this<WatchHub> {
 public:
  explicit WatchHub(StoreOptions options) : map(options) {}

  // LOCKED. Starts a watch after `from`.
  base::Result<std::unique_ptr<Watch>> add(std::string_view prefix, Revision from);
  // LOCKED. Marks the watchers of these events (already applied to the map) as ready and returns them.
  std::vector<std::shared_ptr<Watcher>> mark(const std::vector<Event>& events);
  // LOCKED. Ends every watch; returns them.
  std::vector<std::shared_ptr<Watcher>> cancel_all();
  // LOCKED.
  void remove(const std::shared_ptr<Watcher>& watcher);
  // Without the lock: wakes sleeping readers and calls their callbacks.
  static void wake(const std::vector<std::shared_ptr<Watcher>>& watchers);

  std::shared_mutex mutex;  // guards map and watchers; taken before any Watcher's mutex
  ObjectMap map;

 private:
  using Group = std::vector<std::shared_ptr<Watcher>>;
  std::map<std::string, Group, std::less<>> groups_;
  bool closed_ = false;
};

}  // namespace slipway::store
