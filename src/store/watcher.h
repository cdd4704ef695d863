#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <string>

#include "store/watch_hub.h"

namespace slipway::store {

// The cursor of one watch. `pending_from` is moved forward by the hub (its mutex held alone) and by the reader (held
// shared, so that thousands of readers do not wait for each other); `cancelled` is guarded by the hub's mutex, the rest
// by `mutex`.
class Watcher {
 public:
  explicit Watcher(std::string key_prefix) : prefix(std::move(key_prefix)) {}

  // Called without the hub's lock.
  void wake();

  const std::string prefix;
  std::atomic<Revision> pending_from = 0;  // first event not yet returned that may match; 0 = none
  bool cancelled = false;

  std::mutex mutex;
  std::condition_variable changed;
  bool signalled = false;  // something happened since the reader last looked
  std::mutex callback_mutex;
  std::function<void()> callback;
};

// The reader's handle.
class HubWatch final : public Watch {
 public:
  HubWatch(std::shared_ptr<WatchHub> hub, std::shared_ptr<Watcher> watcher)
      : hub_(std::move(hub)), watcher_(std::move(watcher)) {}
  ~HubWatch() override;
  HubWatch(const HubWatch&) = delete;
  HubWatch& operator=(const HubWatch&) = delete;

  base::Result<std::vector<Event>> next(std::chrono::milliseconds timeout) override;
  void close() override;
  void on_ready(std::function<void()> callback) override;
  Revision position() const override;

 private:
  base::Result<std::vector<Event>> take();

  const std::shared_ptr<WatchHub> hub_;
  const std::shared_ptr<Watcher> watcher_;
};

}  // namespace slipway::store
