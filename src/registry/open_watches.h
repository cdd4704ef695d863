#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "registry/resource.h"
#include "store/store.h"

namespace slipway::registry {

// The watches that are open on each resource, so that they can be ended when its definition changes or goes; clients
// then list or watch again, in the new form. Thread-safe; outlives the watches.
class OpenWatches {
 public:
  // Hands the watch back in a form that can be ended from here.
  std::unique_ptr<store::Watch> track(const ResourceInfo& resource, std::unique_ptr<store::Watch> watch);
  // Closes every watch on the resource of this name.
  void end(const ResourceInfo& resource);

 private:
  class Tracked;
  struct Table {
    std::mutex mutex;
    std::map<std::string, std::set<store::Watch*>> open;
  };
  std::shared_ptr<Table> table_ = std::make_shared<Table>();
};

}  // namespace slipway::registry
