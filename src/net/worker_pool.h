#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "net/http_server.h"

namespace slipway::net {

// Threads that run what may block, fairly: the flow classes take turns, and within a class its users, so that neither
// many users of one class nor one busy user holds up the others. One thread at least is left for the other classes.
// A task may go on after it returned (its Slot lives, resume() runs the rest); of each class so many are under way at a
// time, the others wait their turn. Queues are bounded: run() refuses instead of growing them. Sleeping threads are
// woken one at a time, each by the one before: a burst of short tasks is done by few threads instead of waking all.
// Internal to net.
class WorkerPool {
  struct FlowClass;

 public:
  enum class Admission {
    kAccepted,
    kUserFull,  // this user alone fills half of the queue
    kFull       // everybody waits, or the pool stops
  };
  // A task is under way as long as its slot lives. Must not outlive the pool.
  class Slot {
   public:
    Slot(WorkerPool& pool, FlowClass& flow_class) : pool_(&pool), flow_class_(&flow_class) {}
    ~Slot() {
      if (pool_ != nullptr) pool_->end(*flow_class_);
    }
    Slot(Slot&& other) noexcept : pool_(std::exchange(other.pool_, nullptr)), flow_class_(other.flow_class_) {}
    Slot& operator=(Slot&&) = delete;

   private:
    WorkerPool* pool_;
    FlowClass* flow_class_;
  };
  using Task = std::function<void(Slot)>;
  static constexpr int kMaxUnderWay = 128;  // of one class

  WorkerPool(int threads, std::size_t max_queued);
  ~WorkerPool();  // drops what is queued, waits for what runs
  Admission run(const RequestFlow& flow, Task task);
  // The rest of a task that is under way: comes before all that has not begun. Dropped when the pool stops.
  void resume(std::function<void()> rest);
  void stop();

 private:
  struct FlowClass {
    std::map<std::string, std::deque<Task>> waiting;  // by user; none is empty
    std::deque<std::string> turns;                    // the users in `waiting`, the next one first
    int running = 0;                                  // on a thread
    int under_way = 0;
  };
  // What a thread runs: a task of a class, or the rest of one.
  struct Turn {
    FlowClass* flow_class = nullptr;
    Task task;
    std::function<void()> rest;
  };
  void work();
  void run_turn(Turn turn);
  void end(FlowClass& flow_class);
  // With mutex_ held, all of these.
  bool may_begin(const FlowClass& flow_class) const;
  bool has_turn() const;
  // Whether a thread should be woken now (by wake_.notify_one(), best without the lock).
  bool should_wake();
  // Waits for a turn and takes it; none when the pool stops.
  std::optional<Turn> wait_for_turn(std::unique_lock<std::mutex>& lock);
  std::optional<Turn> next_turn();
  FlowClass* next_class();
  static Task take(FlowClass& flow_class);

  const std::size_t max_queued_;
  const int class_limit_;  // threads that one class may use
  std::mutex mutex_;
  std::condition_variable ready_;
  std::map<int, FlowClass> classes_;
  std::deque<int> class_turns_;  // every class, the one that waited longest first
  std::deque<std::function<void()>> resumed_;
  std::size_t queued_ = 0;  // without resumed_
  int sleeping_ = 0;
  bool waking_ = false;  // somebody was told to wake up and is not there yet
  bool stopping_ = false;
  std::vector<std::jthread> threads_;
};

}  // namespace slipway::net
