#pragma once

#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "store/store.h"

namespace slipway::store {

// Entries sorted by key, in blocks of some hundred: little memory beside the entries, and the number of entries between
// two keys costs a walk over blocks, not entries (a page of a list says how many remain). Not thread-safe.
class SortedEntries {
 public:
  // A place between entries; end() is behind the last one. Any change ends its validity.
  struct Place {
    std::size_t block = 0;
    std::size_t index = 0;
    bool operator==(const Place&) const = default;
  };

  // Replaces everything. False when a key is there twice.
  bool assign(std::vector<Entry> entries);
  std::size_t size() const { return size_; }

  const Entry* find(std::string_view key) const;
  void put(Entry entry);
  void erase(std::string_view key);

  // The first entry whose key is not before `key`.
  Place lower_bound(std::string_view key) const;
  // Behind the last entry whose key starts with `prefix`.
  Place end_of(std::string_view prefix) const;
  Place end() const { return {blocks_.size(), 0}; }
  const Entry& at(const Place& place) const { return (*blocks_[place.block])[place.index]; }
  Place next(Place place) const;
  // Entries from `from` to `to`. REQUIRES: from is not behind to.
  std::size_t count(const Place& from, const Place& to) const;

 private:
  using Block = std::vector<Entry>;  // sorted, never empty
  std::vector<std::unique_ptr<Block>> blocks_;
  std::size_t size_ = 0;
};

}  // namespace slipway::store
