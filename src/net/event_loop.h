#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"

namespace slipway::net {

// Something with a file descriptor that an EventLoop watches. Both calls come from the loop's thread.
class IoTarget {
 public:
  virtual ~IoTarget() = default;
  virtual void on_io(std::uint32_t epoll_events) = 0;
  virtual void on_loop_stop() = 0;  // last chance to tell the owner that this ends
};

// One thread with an epoll set, timers and a queue of functions. Internal to net.
//
// post() and stop() may be called from any thread, everything else only from the loop's own thread. The loop keeps a
// reference to every target it watches. SIGPIPE is blocked in the loop's thread.
class EventLoop {
 public:
  using TimerId = std::uint64_t;
  using RegistrationId = std::uint64_t;

  // `niceness` of its thread, as in nice(1): 0 to 19.
  static base::Result<std::shared_ptr<EventLoop>> start(const std::string& thread_name, int niceness = 0);
  ~EventLoop();

  // Runs `task` soon, in order. False (and the task is dropped) once the loop has ended.
  bool post(std::function<void()> task);
  // Tells every target, runs what was posted, ends the thread. Idempotent; from a loop thread it only asks.
  void stop();
  bool in_loop_thread() const { return std::this_thread::get_id() == thread_id_.load(); }

  RegistrationId watch(int fd, std::uint32_t epoll_events, std::shared_ptr<IoTarget> target);
  void change(RegistrationId id, int fd, std::uint32_t epoll_events);
  void forget(RegistrationId id, int fd);

  TimerId add_timer(std::chrono::milliseconds delay, std::function<void()> action);
  void cancel_timer(TimerId id);  // 0 and timers that ran are ignored

  // Scratch space for reading; valid until the callback that uses it returns.
  std::vector<char>& read_buffer() { return read_buffer_; }
  // Scratch space for joining small writes, likewise.
  static constexpr std::size_t kWriteBufferBytes = 16u << 10;  // one TLS record
  std::vector<char>& write_buffer() { return write_buffer_; }

 private:
  using SteadyTime = std::chrono::steady_clock::time_point;
  EventLoop(base::UniqueFd epoll, base::UniqueFd wake);
  void run();
  void run_posted();
  void run_timers();
  int wait_milliseconds();

  base::UniqueFd epoll_;
  base::UniqueFd wake_;
  std::mutex mutex_;  // guards posted_, ended_ and the joining of thread_
  std::vector<std::function<void()>> posted_;
  bool ended_ = false;
  std::atomic<bool> stopping_ = false;
  std::unordered_map<RegistrationId, std::shared_ptr<IoTarget>> targets_;
  RegistrationId next_registration_ = 1;
  std::multimap<SteadyTime, std::pair<TimerId, std::function<void()>>> timers_;
  std::unordered_map<TimerId, SteadyTime> timer_times_;
  TimerId next_timer_ = 1;
  std::vector<char> read_buffer_;
  std::vector<char> write_buffer_ = std::vector<char>(kWriteBufferBytes);
  std::atomic<std::thread::id> thread_id_;
  std::mutex join_mutex_;
  std::jthread thread_;
};

}  // namespace slipway::net
