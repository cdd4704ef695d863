#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "kube/client.h"

namespace slipway::control {

using data::Json;
using meta::Gvk;
using meta::ObjectKey;
using meta::ObjectPtr;

// Makes the index values of an object ("the names of the Secrets it refers to"); by_index() finds objects by value.
using IndexFunction = std::function<std::vector<std::string>(const Json& object)>;

// The list-and-watch cache of one kind in all namespaces. One per kind and manager, shared by all controllers.
// Reads are thread-safe and see a consistent object; they may be older than the newest write.
class Informer {
 public:
  // `old_object` is null for an object that is new here, `new_object` is null for one that is gone. Runs on the
  // informer's thread; must be quick.
  using Handler = std::function<void(const ObjectPtr& old_object, const ObjectPtr& new_object)>;

  virtual ~Informer() = default;
  virtual const Gvk& gvk() const = 0;
  virtual void add_handler(Handler handler) = 0;                         // before start
  virtual void add_index(std::string name, IndexFunction function) = 0;  // before start
  virtual ObjectPtr get(const ObjectKey& key) const = 0;                 // null when it is not in the cache
  virtual std::vector<ObjectPtr> list(std::string_view ns = "") const = 0;
  virtual std::vector<ObjectPtr> by_index(std::string_view index, std::string_view value) const = 0;
  virtual bool has_synced() const = 0;
};

}  // namespace slipway::control
