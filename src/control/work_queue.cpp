#include "control/work_queue.h"

#include <algorithm>

namespace slipway::control {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

namespace {
// A conflict is answered by reading again; a cache that lags behind gets this many tries before the backoff.
constexpr int kConflictsAtOnce = 5;
}  // namespace

void WorkQueue::add(const meta::ObjectKey& key) {
  std::lock_guard lock(mutex_);
  if (stopped_) return;
  KeyState& state = states_[key];
  if (state.busy) {
    state.dirty = true;
    return;
  }
  make_ready(key, state);
}

void WorkQueue::make_ready(const meta::ObjectKey& key, KeyState& state) {
  if (state.queued) return;
  state.queued = true;
  ++added_;
  ready_.push_back(key);
  changed_.notify_one();
}

void WorkQueue::delay(const meta::ObjectKey& key, KeyState& state, nanoseconds duration) {
  state.due = clock_.steady() + duration;
  delayed_.emplace(*state.due, key);
  changed_.notify_all();
}

void WorkQueue::clear_delay(const meta::ObjectKey& key, KeyState& state) {
  if (!state.due) return;
  delayed_.erase({*state.due, key});
  state.due.reset();
}

void WorkQueue::promote_due() {
  const nanoseconds now = clock_.steady();
  while (!delayed_.empty() && delayed_.begin()->first <= now) {
    const meta::ObjectKey key = delayed_.begin()->second;
    KeyState& state = states_[key];
    clear_delay(key, state);
    make_ready(key, state);
  }
}

std::optional<meta::ObjectKey> WorkQueue::take() {
  std::unique_lock lock(mutex_);
  while (!stopped_) {
    promote_due();
    if (!ready_.empty()) {
      meta::ObjectKey key = std::move(ready_.front());
      ready_.pop_front();
      KeyState& state = states_[key];
      state.queued = false;
      state.busy = true;
      clear_delay(key, state);
      ++busy_;
      return key;
    }
    if (delayed_.empty()) {
      changed_.wait(lock);
    } else {
      clock_.wait_until(changed_, lock, delayed_.begin()->first, {});
    }
  }
  return std::nullopt;
}

void WorkQueue::release(States::iterator entry) {
  KeyState& state = entry->second;
  state.busy = false;
  --busy_;
  if (state.dirty && !stopped_) {
    state.dirty = false;
    make_ready(entry->first, state);
  }
  if (state.idle()) states_.erase(entry);
}

void WorkQueue::finish(const meta::ObjectKey& key, std::optional<milliseconds> again_after) {
  std::lock_guard lock(mutex_);
  const auto entry = states_.find(key);
  if (entry == states_.end() || !entry->second.busy) return;
  KeyState& state = entry->second;
  state.failures = 0;
  state.conflicts = 0;
  if (again_after && !stopped_) delay(key, state, *again_after);
  release(entry);
}

milliseconds WorkQueue::fail(const meta::ObjectKey& key, bool conflict) {
  std::lock_guard lock(mutex_);
  const auto entry = states_.find(key);
  if (entry == states_.end() || !entry->second.busy) return milliseconds(0);
  KeyState& state = entry->second;
  milliseconds wait{0};
  if (conflict && state.conflicts < kConflictsAtOnce) {
    ++state.conflicts;
    state.dirty = true;
  } else {
    const int doublings = std::min(state.failures, 30);
    wait = std::min(milliseconds(options_.backoff_base.count() << doublings), options_.backoff_limit);
    ++state.failures;
    if (!stopped_) delay(key, state, wait);
  }
  release(entry);
  return wait;
}

void WorkQueue::shut_down() {
  std::lock_guard lock(mutex_);
  stopped_ = true;
  ready_.clear();
  delayed_.clear();
  changed_.notify_all();
}

std::size_t WorkQueue::ready() const {
  std::lock_guard lock(mutex_);
  return ready_.size();
}

std::size_t WorkQueue::busy() const {
  std::lock_guard lock(mutex_);
  return busy_;
}

std::size_t WorkQueue::delayed() const {
  std::lock_guard lock(mutex_);
  return delayed_.size();
}

bool WorkQueue::is_idle() const {
  std::lock_guard lock(mutex_);
  const bool due = !delayed_.empty() && delayed_.begin()->first <= clock_.steady();
  return ready_.empty() && busy_ == 0 && !due;
}

std::uint64_t WorkQueue::added() const {
  std::lock_guard lock(mutex_);
  return added_;
}

}  // namespace slipway::control
