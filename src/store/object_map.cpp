#include "store/object_map.h"

#include <algorithm>
#include <fmt/core.h>
#include <map>

namespace slipway::store {

namespace {

std::size_t size_of(const Event& event) {
  return event.key.size() + (event.value ? event.value->size() : 0) + (event.previous ? event.previous->size() : 0);
}

}  // namespace

bool ObjectMap::load(std::vector<Entry> entries, Revision revision) {
  revision_ = revision;
  return entries_.assign(std::move(entries));
}

void ObjectMap::apply(const std::vector<Event>& events) {
  for (const Event& event : events) {
    if (event.type == Event::Type::kDelete) {
      entries_.erase(event.key);
    } else {
      entries_.put({event.key, event.revision, event.value, event.created});
    }
    revision_ = event.revision;
    ring_bytes_ += size_of(event);
    ring_.push_back(event);
  }
  trim();
}

void ObjectMap::trim() {
  while (!ring_.empty() && (ring_.size() > options_.ring_events || ring_bytes_ > options_.ring_bytes)) {
    ring_bytes_ -= size_of(ring_.front());
    ring_.pop_front();
  }
}

const Event& ObjectMap::event(Revision revision) const {
  return ring_[static_cast<std::size_t>(revision - oldest_base() - 1)];
}

base::Result<ListPage> ObjectMap::list(std::string_view prefix, std::string_view start_key, std::size_t limit,
                                       Revision revision) const {
  if (revision > revision_)
    return base::fail(base::ErrorCode::kInvalid,
                      fmt::format("revision {} is in the future; the newest is {}", revision, revision_));
  if (revision == 0 || revision == revision_) return newest_page(prefix, start_key, limit);
  if (revision < oldest_base())
    return base::fail(base::ErrorCode::kExpired,
                      fmt::format("too old resource version: {} ({})", revision, oldest_base()));
  return older_page(prefix, start_key, limit, revision);
}

ListPage ObjectMap::newest_page(std::string_view prefix, std::string_view start_key, std::size_t limit) const {
  ListPage page;
  page.revision = revision_;
  const auto end = entries_.end_of(prefix);
  auto place = entries_.lower_bound(std::max(prefix, start_key));
  if (start_key > prefix && !start_key.starts_with(prefix)) return page;
  const std::size_t there = entries_.count(place, end);
  page.entries.reserve(limit == 0 ? there : std::min(limit, there));
  for (; place != end && (limit == 0 || page.entries.size() < limit); place = entries_.next(place))
    page.entries.push_back(entries_.at(place));
  if (place != end) page.next_key = entries_.at(place).key;
  page.remaining = static_cast<std::int64_t>(there - page.entries.size());
  return page;
}

// The present entries with the events after `revision` undone.
ListPage ObjectMap::older_page(std::string_view prefix, std::string_view start_key, std::size_t limit,
                               Revision revision) const {
  // What every key changed since then was at that time: what its first event since then found. Null: not there.
  std::map<std::string_view, const Event*> changed;
  for (Revision at = revision + 1; at <= revision_; ++at) {
    const Event& change = event(at);
    if (change.key.starts_with(prefix) && change.key >= start_key) changed.try_emplace(change.key, &change);
  }
  ListPage page;
  page.revision = revision;
  const auto end = entries_.end_of(prefix);
  auto present = entries_.lower_bound(std::max(prefix, start_key));
  if (start_key > prefix && !start_key.starts_with(prefix)) return page;
  auto past = changed.begin();
  const auto is_full = [&] { return limit != 0 && page.entries.size() == limit; };
  const auto add = [&](const Entry& entry) {
    if (is_full()) {
      page.next_key = entry.key;
      return false;
    }
    page.entries.push_back(entry);
    return true;
  };
  while (present != end || past != changed.end()) {
    const bool is_changed = past != changed.end() && (present == end || past->first <= entries_.at(present).key);
    const bool is_present = present != end && (!is_changed || entries_.at(present).key == past->first);
    if (is_changed && past->second->previous) {
      const Event& change = *past->second;
      if (!add({change.key, change.previous_revision, change.previous, change.created})) break;
    } else if (!is_changed && !add(entries_.at(present))) {
      break;
    }
    if (is_changed) ++past;
    if (is_present) present = entries_.next(present);
  }
  page.remaining = static_cast<std::int64_t>(entries_.count(present, end));
  for (; past != changed.end(); ++past) {
    const bool was_there = past->second->previous != nullptr;
    const bool is_there = entries_.find(past->first) != nullptr;
    page.remaining += (was_there ? 1 : 0) - (is_there ? 1 : 0);
  }
  return page;
}

}  // namespace slipway::store
