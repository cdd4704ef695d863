#include "store/object_map.h"

#include <fmt/core.h>

namespace slipway::store {

namespace {

std::size_t size_of(const Event& event) {
  return event.key.size() + (event.value ? event.value->size() : 0) + (event.previous ? event.previous->size() : 0);
}

ListPage page_of(const std::map<std::string, Entry, std::less<>>& entries, std::string_view prefix,
                 std::string_view start_key, std::size_t limit) {
  ListPage page;
  for (auto at = entries.lower_bound(std::max(prefix, start_key)); at != entries.end(); ++at) {
    if (!at->first.starts_with(prefix)) break;
    if (limit == 0 || page.entries.size() < limit) {
      page.entries.push_back(at->second);
      continue;
    }
    if (page.next_key.empty()) page.next_key = at->first;
    ++page.remaining;
  }
  return page;
}

}  // namespace

void ObjectMap::load(Entry entry) {
  std::string key = entry.key;
  entries_.insert_or_assign(std::move(key), std::move(entry));
}

void ObjectMap::set_revision(Revision revision) {
  revision_ = revision;
}

const Entry* ObjectMap::find(std::string_view key) const {
  const auto found = entries_.find(key);
  return found == entries_.end() ? nullptr : &found->second;
}

void ObjectMap::apply(const std::vector<Event>& events) {
  for (const Event& event : events) {
    if (event.type == Event::Type::kDelete) {
      entries_.erase(event.key);
    } else {
      entries_.insert_or_assign(event.key, Entry{event.key, event.revision, event.value});
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
  if (revision == 0 || revision == revision_) {
    ListPage page = page_of(entries_, prefix, start_key, limit);
    page.revision = revision_;
    return page;
  }
  if (revision < oldest_base())
    return base::fail(base::ErrorCode::kExpired,
                      fmt::format("too old resource version: {} ({})", revision, oldest_base()));
  ListPage page = page_of(rebuild(prefix, revision), prefix, start_key, limit);
  page.revision = revision;
  return page;
}

// The present entries with the events after `revision` undone, newest first.
ObjectMap::Entries ObjectMap::rebuild(std::string_view prefix, Revision revision) const {
  Entries past;
  for (auto at = entries_.lower_bound(prefix); at != entries_.end() && at->first.starts_with(prefix); ++at)
    past.emplace_hint(past.end(), at->first, at->second);
  for (auto at = ring_.rbegin(); at != ring_.rend() && at->revision > revision; ++at) {
    if (!at->key.starts_with(prefix)) continue;
    if (at->previous) {
      past.insert_or_assign(at->key, Entry{at->key, at->previous_revision, at->previous});
    } else {
      past.erase(at->key);
    }
  }
  return past;
}

}  // namespace slipway::store
