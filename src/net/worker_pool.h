#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "net/http_server.h"

namespace slipway::net {

// Threads that run what may block, fairly: the flow classes take turns, and within a class its users, so that neither
// many users of one class nor one busy user holds up the others. One thread at least is left for the other classes.
// Queues are bounded: run() refuses instead of growing them. Sleeping threads are woken one at a time, each by the one
// before: a burst of short tasks is done by few threads instead of waking all. Internal to net.
class WorkerPool {
 public:
  enum class Admission {
    kAccepted,
    kUserFull,  // this user alone fills half of the queue
    kFull       // everybody waits, or the pool stops
  };

  WorkerPool(int threads, std::size_t max_queued);
  ~WorkerPool();  // drops what is queued, waits for what runs
  Admission run(const RequestFlow& flow, std::function<void()> task);
  void stop();

 private:
  using Task = std::function<void()>;
  struct FlowClass {
    std::map<std::string, std::deque<Task>> waiting;  // by user; none is empty
    std::deque<std::string> turns;                    // the users in `waiting`, the next one first
    int running = 0;
  };
  void work();
  // With mutex_ held: whether a thread should be woken now (by wake_.notify_one(), best without the lock).
  bool should_wake();
  // Waits for a task and takes it; null when the pool stops.
  FlowClass* wait_for_class(std::unique_lock<std::mutex>& lock);
  FlowClass* next_class();
  static Task take(FlowClass& flow_class);

  const std::size_t max_queued_;
  const int class_limit_;  // threads that one class may use
  std::mutex mutex_;
  std::condition_variable ready_;
  std::map<int, FlowClass> classes_;
  std::deque<int> class_turns_;  // every class, the one that waited longest first
  std::size_t queued_ = 0;
  int sleeping_ = 0;
  bool waking_ = false;  // somebody was told to wake up and is not there yet
  bool stopping_ = false;
  std::vector<std::jthread> threads_;
};

}  // namespace slipway::net
