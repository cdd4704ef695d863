#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "base/clock.h"
#include "control/informer.h"
#include "control/object_cache.h"

namespace slipway::control {

// Informer by list, then watch from the list's revision. A broken watch resumes where it ended; an expired one lists
// again and reports what vanished in between as gone. Failures are retried with a bounded backoff until stop().
class WatchingInformer final : public Informer {
 public:
  WatchingInformer(kube::Client& client, base::Clock& clock, Gvk gvk);
  ~WatchingInformer() override;

  const Gvk& gvk() const override { return gvk_; }
  void add_handler(Handler handler) override;
  void add_index(std::string name, IndexFunction function) override;
  ObjectPtr get(const ObjectKey& key) const override { return cache_.get(key); }
  std::vector<ObjectPtr> list(std::string_view ns) const override { return cache_.list(ns); }
  std::vector<ObjectPtr> by_index(std::string_view index, std::string_view value) const override {
    return cache_.by_index(index, value);
  }
  bool has_synced() const override { return synced_.load(std::memory_order_acquire); }

  void start();
  void stop();  // idempotent; handlers do not run any more when it returns
  // True when the cache holds exactly what the client lists now.
  bool is_current();
  // True when the handlers have run for everything the cache holds.
  bool handlers_done() const { return !applying_.load(std::memory_order_acquire); }

 private:
  void run();
  base::Status relist();
  base::Status follow();
  void apply(const registry::WatchEvent& event);
  void notify(const ObjectPtr& before, const ObjectPtr& after);
  void pause(int failures);
  bool stopping() const;

  kube::Client& client_;
  base::Clock& clock_;
  const Gvk gvk_;
  ObjectCache cache_;
  std::vector<Handler> handlers_;
  // The informer's thread only.
  std::string revision_;
  bool watch_worked_ = false;

  std::atomic<bool> synced_{false};
  std::atomic<bool> applying_{false};

  mutable std::mutex mutex_;
  std::condition_variable_any stop_changed_;
  bool stopping_ = false;
  kube::Watch* open_watch_ = nullptr;  // so that stop() can close it
  std::jthread thread_;
};

}  // namespace slipway::control
