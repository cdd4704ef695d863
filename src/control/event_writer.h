#pragma once

#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <thread>

#include "control/event_spam_filter.h"
#include "control/manager.h"

namespace slipway::control {

// EventRecorder that writes from its own thread. The Event's name is a function of what it says and about whom, so a
// repeat, after a restart too, counts up the same object. The queue is bounded: when it is full new Events are dropped
// and counted, as are those that EventSpamFilter holds back; equal Events that wait are merged. Events of this
// component that nobody repeated for an hour are removed, as kube-apiserver does with all of them.
class EventWriter final : public EventRecorder {
 public:
  EventWriter(kube::Client& client, base::Clock& clock, std::string component);
  ~EventWriter() override;

  void normal(const Json& about, std::string_view reason, std::string message) override;
  void warning(const Json& about, std::string_view reason, std::string message) override;

  void start();
  void stop();  // writes what waits, for a bounded time; idempotent
  bool is_idle() const;
  std::uint64_t dropped() const;

 private:
  struct Pending {
    Json event;  // count and times as of the newest repeat
    int repeats = 1;
  };
  void record(const Json& about, std::string_view type, std::string_view reason, std::string message);
  void run();
  void write(const Pending& pending);
  void remove_expired();
  bool stopping() const;

  kube::Client& client_;
  base::Clock& clock_;
  const std::string component_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<ObjectKey> order_;
  std::map<ObjectKey, Pending> pending_;
  EventSpamFilter spam_filter_;
  bool writing_ = false;
  bool stopping_ = false;
  std::uint64_t dropped_ = 0;
  base::WallTime swept_;  // the writer's thread only
  std::jthread thread_;
};

}  // namespace slipway::control
