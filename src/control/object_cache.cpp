#include "control/object_cache.h"

#include <mutex>

namespace slipway::control {

void ObjectCache::add_index(std::string name, IndexFunction function) {
  std::unique_lock lock(mutex_);
  indices_.insert_or_assign(std::move(name), Index{std::move(function), {}});
}

void ObjectCache::unindex(const ObjectKey& key, const Json& object) {
  for (auto& [name, index] : indices_) {
    for (const std::string& value : index.function(object)) {
      const auto found = index.keys.find(value);
      if (found == index.keys.end()) continue;
      found->second.erase(key);
      if (found->second.empty()) index.keys.erase(found);
    }
  }
}

void ObjectCache::index(const ObjectKey& key, const Json& object) {
  for (auto& [name, index] : indices_)
    for (std::string& value : index.function(object)) index.keys[std::move(value)].insert(key);
}

ObjectPtr ObjectCache::put(const ObjectKey& key, const ObjectPtr& object) {
  std::unique_lock lock(mutex_);
  ObjectPtr& slot = objects_[key];
  ObjectPtr before = slot;
  if (before) unindex(key, *before);
  slot = object;
  index(key, *object);
  return before;
}

ObjectPtr ObjectCache::erase(const ObjectKey& key) {
  std::unique_lock lock(mutex_);
  const auto found = objects_.find(key);
  if (found == objects_.end()) return nullptr;
  ObjectPtr before = found->second;
  unindex(key, *before);
  objects_.erase(found);
  return before;
}

ObjectPtr ObjectCache::get(const ObjectKey& key) const {
  std::shared_lock lock(mutex_);
  const auto found = objects_.find(key);
  return found == objects_.end() ? nullptr : found->second;
}

std::vector<ObjectPtr> ObjectCache::list(std::string_view ns) const {
  std::shared_lock lock(mutex_);
  std::vector<ObjectPtr> result;
  auto entry = ns.empty() ? objects_.begin() : objects_.lower_bound(ObjectKey{std::string(ns), ""});
  for (; entry != objects_.end() && (ns.empty() || entry->first.ns == ns); ++entry) result.push_back(entry->second);
  return result;
}

std::vector<ObjectPtr> ObjectCache::by_index(std::string_view index, std::string_view value) const {
  std::shared_lock lock(mutex_);
  std::vector<ObjectPtr> result;
  const auto found = indices_.find(index);
  if (found == indices_.end()) return result;
  const auto keys = found->second.keys.find(value);
  if (keys == found->second.keys.end()) return result;
  for (const ObjectKey& key : keys->second)
    if (const auto object = objects_.find(key); object != objects_.end()) result.push_back(object->second);
  return result;
}

std::vector<ObjectKey> ObjectCache::keys() const {
  std::shared_lock lock(mutex_);
  std::vector<ObjectKey> result;
  result.reserve(objects_.size());
  for (const auto& [key, object] : objects_) result.push_back(key);
  return result;
}

std::size_t ObjectCache::size() const {
  std::shared_lock lock(mutex_);
  return objects_.size();
}

}  // namespace slipway::control
