#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "net/http_server.h"
#include "registry/registry.h"

namespace slipway::apiserver {

// Moves events from registry watches to response bodies with a fixed, small number of threads, however many watches
// there are: a watch is looked at when it says it has something, when a bookmark may be due, and at its end.
//
// A watch ends when its time is up, when the client is gone or too slow (the body refuses bytes), or when the registry
// ends it; the last case is told to the client as an ERROR event.
class WatchPump {
 public:
  // One line, with its newline; lines may be shared with other watches.
  using Encode = std::function<base::Result<net::SharedBytes>(const registry::TextEvent&)>;
  using EncodeError = std::function<std::string(const base::Error&)>;

  // `tick`: how often quiet watches are looked at for bookmarks.
  WatchPump(base::Clock& clock, int threads, std::chrono::seconds tick = std::chrono::seconds(15));
  ~WatchPump();
  WatchPump(const WatchPump&) = delete;
  WatchPump& operator=(const WatchPump&) = delete;

  void add(std::unique_ptr<registry::TextWatch> watch, std::shared_ptr<net::BodyStream> body, Encode encode,
           EncodeError encode_error, std::chrono::nanoseconds lifetime);
  std::size_t size() const;
  // Finishes every watch; add() finishes new ones at once.
  void stop();

 private:
  struct Session;
  struct Queue {
    std::mutex mutex;
    std::condition_variable_any changed;
    std::deque<std::weak_ptr<Session>> ready;
  };
  // What callbacks of watches and connections hold. They may come when session and pump are gone, and must never own
  // the session: ending a watch inside its own callback would wait for itself.
  struct Signal {
    std::shared_ptr<Queue> queue;
    std::weak_ptr<Session> session;
    std::atomic<bool> queued = false;  // is in the ready queue
    std::atomic<bool> gone = false;    // the client is
    void raise();
  };
  void run(const std::stop_token& stop);
  void rest_until(std::chrono::nanoseconds time, const std::stop_token& stop);
  void tick(const std::stop_token& stop, std::chrono::nanoseconds next_round);
  void serve(const std::shared_ptr<Session>& session);
  // False when the session is over.
  bool move_events(Session& session);
  // Tells the client why its watch ends. Always false.
  static bool fail(Session& session, const base::Error& error);
  void end(const std::shared_ptr<Session>& session);

  base::Clock& clock_;
  const std::chrono::seconds tick_;
  const std::shared_ptr<Queue> queue_ = std::make_shared<Queue>();
  mutable std::mutex mutex_;  // guards sessions_ and stopped_; never held while a session is served
  std::set<std::shared_ptr<Session>> sessions_;
  bool stopped_ = false;
  std::condition_variable_any added_;  // the next deadline may have changed
  std::vector<std::jthread> threads_;
};

}  // namespace slipway::apiserver
