#include "store/watch_hub.h"

#include <algorithm>
#include <fmt/core.h>

#include "store/watcher.h"

namespace slipway::store {

base::Result<std::unique_ptr<Watch>> WatchHub::add(std::string_view prefix, Revision from) {
  if (closed_) return base::fail(base::ErrorCode::kUnavailable, "the store is closed");
  if (from > map.revision())
    return base::fail(base::ErrorCode::kInvalid,
                      fmt::format("resource version {} is in the future; the newest is {}", from, map.revision()));
  if (from < map.oldest_base())
    return base::fail(base::ErrorCode::kExpired,
                      fmt::format("too old resource version: {} ({})", from, map.oldest_base()));
  auto watcher = std::make_shared<Watcher>(std::string(prefix));
  if (from < map.revision()) {
    watcher->pending_from = from + 1;
    watcher->signalled = true;
  }
  groups_[watcher->prefix].push_back(watcher);
  return std::unique_ptr<Watch>(std::make_unique<HubWatch>(shared_from_this(), std::move(watcher)));
}

std::vector<std::shared_ptr<Watcher>> WatchHub::mark(const std::vector<Event>& events) {
  std::vector<std::shared_ptr<Watcher>> ready;
  for (auto& [prefix, group] : groups_) {
    const auto first = std::ranges::find_if(events, [&](const Event& event) { return event.key.starts_with(prefix); });
    if (first == events.end()) continue;
    for (const auto& watcher : group) {
      if (watcher->pending_from == 0) watcher->pending_from = first->revision;
      ready.push_back(watcher);
    }
  }
  return ready;
}

std::vector<std::shared_ptr<Watcher>> WatchHub::cancel_all() {
  closed_ = true;
  std::vector<std::shared_ptr<Watcher>> all;
  for (auto& [prefix, group] : groups_) {
    for (const auto& watcher : group) watcher->cancelled = true;
    all.insert(all.end(), group.begin(), group.end());
  }
  groups_.clear();
  return all;
}

void WatchHub::remove(const std::shared_ptr<Watcher>& watcher) {
  const auto group = groups_.find(watcher->prefix);
  if (group == groups_.end()) return;
  std::erase(group->second, watcher);
  if (group->second.empty()) groups_.erase(group);
}

void WatchHub::wake(const std::vector<std::shared_ptr<Watcher>>& watchers) {
  for (const auto& watcher : watchers) watcher->wake();
}

}  // namespace slipway::store
