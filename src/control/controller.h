#pragma once

#include <atomic>
#include <functional>
#include <thread>
#include <vector>

#include "control/manager.h"
#include "control/work_queue.h"

namespace slipway::control {

// One reconciler, its queue and its workers. Events arrive through the handlers of on_*(), from informer threads.
class Controller {
 public:
  Controller(ControllerOptions options, Reconcile reconcile, base::Clock& clock);
  ~Controller();

  const ControllerOptions& options() const { return options_; }
  WorkQueue& queue() { return queue_; }

  void on_own_kind(const ObjectPtr& before, const ObjectPtr& after);
  void on_owned_kind(const ObjectPtr& before, const ObjectPtr& after);
  void on_watched_kind(const MapToKeys& map, const ObjectPtr& before, const ObjectPtr& after);

  void start();
  void stop_taking() { queue_.shut_down(); }
  void join();
  ControllerStatistics statistics() const;

 private:
  void work();
  void run_once(const ObjectKey& key);
  void enqueue_owner(const Json& object);

  const ControllerOptions options_;
  const Reconcile reconcile_;
  base::Clock& clock_;
  WorkQueue queue_;
  std::atomic<std::uint64_t> reconciles_{0};
  std::atomic<std::uint64_t> errors_{0};
  std::atomic<std::uint64_t> conflicts_{0};
  std::atomic<std::int64_t> nanoseconds_{0};
  std::vector<std::jthread> workers_;
};

}  // namespace slipway::control
