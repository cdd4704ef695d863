#pragma once

#include <map>
#include <set>
#include <shared_mutex>
#include <string>
#include <vector>

#include "control/informer.h"

namespace slipway::control {

// The objects of one kind by key, with indices. Thread-safe: one writer (the informer's thread), any readers.
class ObjectCache {
 public:
  void add_index(std::string name, IndexFunction function);  // before the first write

  // The object that was there before, or null.
  ObjectPtr put(const ObjectKey& key, const ObjectPtr& object);
  ObjectPtr erase(const ObjectKey& key);

  ObjectPtr get(const ObjectKey& key) const;
  std::vector<ObjectPtr> list(std::string_view ns) const;
  std::vector<ObjectPtr> by_index(std::string_view index, std::string_view value) const;
  std::vector<ObjectKey> keys() const;
  std::size_t size() const;

 private:
  struct Index {
    IndexFunction function;
    std::map<std::string, std::set<ObjectKey>, std::less<>> keys;
  };
  void unindex(const ObjectKey& key, const Json& object);
  void index(const ObjectKey& key, const Json& object);

  mutable std::shared_mutex mutex_;
  std::map<ObjectKey, ObjectPtr> objects_;
  std::map<std::string, Index, std::less<>> indices_;
};

}  // namespace slipway::control
