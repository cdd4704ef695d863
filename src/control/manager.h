#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "control/informer.h"
#include "kube/client.h"

namespace slipway::control {

// What a reconciler asks for after a pass that did not fail.
struct Outcome {
  std::optional<std::chrono::milliseconds> requeue_after;  // absent = only the next event wakes it

  static Outcome done() { return {}; }
  static Outcome after(std::chrono::milliseconds delay) { return {delay}; }
};

// Level-triggered: gets a key only, reads, decides, acts, patches status once; idempotent and safe to kill at any line.
// An Error is retried with exponential backoff (kConflict at once); it shows in the log and metrics.
using Reconcile = std::function<base::Result<Outcome>(const ObjectKey& key)>;

// Maps an object of a watched kind to the keys that must be reconciled because of it.
using MapToKeys = std::function<std::vector<ObjectKey>(const Json& object)>;

struct ControllerOptions {
  std::string name;       // "cluster", "intelmachine": in logs, metrics and events
  Gvk for_kind;           // every event of an object of this kind enqueues its key
  std::vector<Gvk> owns;  // an event enqueues the controller owner when that is a for_kind
  std::vector<std::pair<Gvk, MapToKeys>> watches;
  int workers = 4;  // keys in parallel; one key is never in two workers
  std::chrono::milliseconds backoff_base{50};
  std::chrono::milliseconds backoff_limit{60'000};
};

// What a controller did since the start, for metrics.
struct ControllerStatistics {
  std::string name;
  std::uint64_t reconciles = 0;
  std::uint64_t errors = 0;
  std::uint64_t conflicts = 0;  // counted among the errors, too
  double seconds = 0;           // spent in reconciles, all workers together
  std::size_t queue_ready = 0;
  std::size_t queue_delayed = 0;
  std::size_t busy = 0;
};

// A Kubernetes Event (v1) about an object. Repeats are counted on one Event object. Never blocks, never fails.
class EventRecorder {
 public:
  virtual ~EventRecorder() = default;
  virtual void normal(const Json& about, std::string_view reason, std::string message) = 0;
  virtual void warning(const Json& about, std::string_view reason, std::string message) = 0;
};

struct ManagerOptions {
  kube::Client* client = nullptr;
  base::Clock* clock = &base::SystemClock::instance();
  base::Random* random = &base::SystemRandom::instance();
  std::string component = "slipway";
};

// Owns the informers and controllers of a process. Set-up (informer(), add_controller()), start(), then stop(). Set-up
// after start() is a programming error and aborts.
class Manager {
 public:
  static std::unique_ptr<Manager> create(ManagerOptions options);
  virtual ~Manager() = default;

  virtual kube::Client& client() = 0;
  virtual base::Clock& clock() = 0;
  virtual base::Random& random() = 0;
  virtual EventRecorder& events() = 0;

  // The shared cache of a kind; made at the first call. Before start() only.
  virtual Informer& informer(const Gvk& gvk) = 0;
  virtual void add_controller(ControllerOptions options, Reconcile reconcile) = 0;
  // Puts a key into a controller's queue from outside (a tunnel connected, a timer). Any time, any thread.
  virtual void enqueue(std::string_view controller, const ObjectKey& key) = 0;

  // Starts informers, waits until all have synced (bounded), starts the workers.
  virtual base::Status start() = 0;
  // Stops taking keys, waits for running reconciles (whose own waits must be bounded), writes the Events that are
  // still queued, ends the informers. Idempotent.
  virtual void stop() = 0;
  // True when every queue is empty, no worker is busy and every informer has caught up with the client's newest
  // write (tests with a manual clock wait for it).
  virtual bool is_idle() = 0;
  virtual std::vector<ControllerStatistics> statistics() const = 0;  // in the order of add_controller()
};

}  // namespace slipway::control
