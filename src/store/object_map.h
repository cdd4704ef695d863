#pragma once

#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "store/sorted_entries.h"
#include "store/store.h"

namespace slipway::store {

// The newest state of every key, sorted, and the bounded history (ring) that led to it. Every revision is exactly one
// event, so the ring is indexed by revision. Not thread-safe: LoggedStore guards it.
class ObjectMap {
 public:
  explicit ObjectMap(StoreOptions options) : options_(options) {}

  // Start-up: the durable state, before the first apply(). The ring starts empty after `revision`. False when a key is
  // there twice.
  bool load(std::vector<Entry> entries, Revision revision);

  const Entry* find(std::string_view key) const { return entries_.find(key); }
  Revision revision() const { return revision_; }

  // Appends events with consecutive revisions; drops what no longer fits the ring.
  void apply(const std::vector<Event>& events);

  // See Store::list. A page costs its entries and, for an older state, the events since; not the entries it skips.
  base::Result<ListPage> list(std::string_view prefix, std::string_view start_key, std::size_t limit,
                              Revision revision) const;

  // The oldest revision a reader may continue after: its successor is the first event of the ring.
  Revision oldest_base() const { return revision_ - static_cast<Revision>(ring_.size()); }
  // REQUIRES: oldest_base() < revision <= this->revision().
  const Event& event(Revision revision) const;

 private:
  void trim();
  ListPage newest_page(std::string_view prefix, std::string_view start_key, std::size_t limit) const;
  ListPage older_page(std::string_view prefix, std::string_view start_key, std::size_t limit, Revision revision) const;

  StoreOptions options_;
  SortedEntries entries_;
  std::deque<Event> ring_;
  std::size_t ring_bytes_ = 0;
  Revision revision_ = 0;
};

}  // namespace slipway::store
