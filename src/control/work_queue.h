#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <set>

#include "base/clock.h"
#include "meta/gvk.h"

namespace slipway::control {

// The keys that wait for a reconcile. A key is in the queue once however often it is added; a key that is added while a
// worker has it comes back when the worker finishes, so one key is never in two workers and no event is lost.
// Thread-safe; delays are on the injected clock.
class WorkQueue {
 public:
  struct Options {
    std::chrono::milliseconds backoff_base{50};
    std::chrono::milliseconds backoff_limit{60'000};
  };
  WorkQueue(base::Clock& clock, Options options) : clock_(clock), options_(options) {}

  void add(const meta::ObjectKey& key);

  // Blocks until a key is ready; none after shut_down().
  std::optional<meta::ObjectKey> take();

  // Ends what take() began; exactly one of them per key taken. Each decides anew when the key comes back by itself: a
  // delay of an earlier pass is forgotten.
  void finish(const meta::ObjectKey& key, std::optional<std::chrono::milliseconds> again_after);
  // Comes back after the key's backoff (doubling from base to limit), which is returned. A conflict means "read again",
  // so its first repeats come back at once.
  std::chrono::milliseconds fail(const meta::ObjectKey& key, bool conflict);

  // Ends every take(), now and later; add() does nothing any more.
  void shut_down();

  std::size_t ready() const;    // keys a worker could take now
  std::size_t busy() const;     // keys workers have
  std::size_t delayed() const;  // keys that wait for their time
  bool is_idle() const;         // nothing ready, due or busy
  std::uint64_t added() const;  // how often a key was made ready: unchanged = nothing happened in between

 private:
  struct KeyState {
    bool queued = false;
    bool busy = false;
    bool dirty = false;  // added while busy
    int failures = 0;
    int conflicts = 0;
    std::optional<std::chrono::nanoseconds> due;
    bool idle() const { return !queued && !busy && !due && failures == 0 && conflicts == 0; }
  };
  using States = std::map<meta::ObjectKey, KeyState>;

  void make_ready(const meta::ObjectKey& key, KeyState& state);
  void delay(const meta::ObjectKey& key, KeyState& state, std::chrono::nanoseconds duration);
  void clear_delay(const meta::ObjectKey& key, KeyState& state);
  void promote_due();
  void release(States::iterator entry);

  base::Clock& clock_;
  const Options options_;
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  States states_;
  std::deque<meta::ObjectKey> ready_;
  std::set<std::pair<std::chrono::nanoseconds, meta::ObjectKey>> delayed_;
  std::size_t busy_ = 0;
  std::uint64_t added_ = 0;
  bool stopped_ = false;
};

}  // namespace slipway::control
