#include "store/watcher.h"

#include <fmt/core.h>

namespace slipway::store {

namespace {
constexpr std::size_t kMaxEventsPerCall = 1'000;
}

void Watcher::wake() {
  {
    const std::lock_guard lock(mutex);
    signalled = true;
  }
  changed.notify_all();
  const std::lock_guard lock(callback_mutex);
  if (callback) callback();
}

HubWatch::~HubWatch() {
  on_ready({});
  const std::unique_lock lock(hub_->mutex);
  hub_->remove(watcher_);
}

base::Result<std::vector<Event>> HubWatch::next(std::chrono::milliseconds timeout) {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  for (;;) {
    {
      // Cleared before looking: what happens afterwards sets it again.
      const std::lock_guard lock(watcher_->mutex);
      watcher_->signalled = false;
    }
    auto events = take();
    if (!events || !events->empty() || timeout <= std::chrono::milliseconds(0)) return events;
    std::unique_lock lock(watcher_->mutex);
    if (!watcher_->changed.wait_until(lock, deadline, [this] { return watcher_->signalled; })) return events;
  }
}

base::Result<std::vector<Event>> HubWatch::take() {
  const std::shared_lock lock(hub_->mutex);
  if (watcher_->cancelled) return base::fail(base::ErrorCode::kCancelled, "the watch is closed");
  std::vector<Event> events;
  Revision from = watcher_->pending_from;
  if (from == 0) return events;
  if (from <= hub_->map.oldest_base())
    return base::fail(base::ErrorCode::kExpired,
                      fmt::format("too old resource version: {} ({})", from - 1, hub_->map.oldest_base()));
  const Revision newest = hub_->map.revision();
  while (from <= newest && events.size() < kMaxEventsPerCall) {
    const Event& event = hub_->map.event(from++);
    if (event.key.starts_with(watcher_->prefix)) events.push_back(event);
  }
  watcher_->pending_from = from > newest ? 0 : from;
  return events;
}

void HubWatch::close() {
  {
    const std::unique_lock lock(hub_->mutex);
    watcher_->cancelled = true;
    hub_->remove(watcher_);
  }
  watcher_->wake();
}

void HubWatch::on_ready(std::function<void()> callback) {
  {
    const std::lock_guard lock(watcher_->callback_mutex);
    watcher_->callback = std::move(callback);
  }
  bool ready = false;
  {
    const std::shared_lock lock(hub_->mutex);
    ready = watcher_->cancelled || watcher_->pending_from != 0;
  }
  if (!ready) return;
  const std::lock_guard lock(watcher_->callback_mutex);
  if (watcher_->callback) watcher_->callback();
}

Revision HubWatch::position() const {
  const std::shared_lock lock(hub_->mutex);
  const Revision from = watcher_->pending_from;
  return from == 0 ? hub_->map.revision() : from - 1;
}

}  // namespace slipway::store
