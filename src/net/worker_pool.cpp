#include "net/worker_pool.h"

#include <algorithm>
#include <pthread.h>

namespace slipway::net {

WorkerPool::WorkerPool(int threads, std::size_t max_queued)
    : max_queued_(max_queued), class_limit_(std::max(1, threads - 1)) {
  for (int i = 0; i < threads; ++i) {
    threads_.emplace_back([this] {
      pthread_setname_np(pthread_self(), "http-worker");
      work();
    });
  }
}

WorkerPool::~WorkerPool() {
  stop();
}

WorkerPool::Admission WorkerPool::run(const RequestFlow& flow, Task task) {
  bool wake = false;
  {
    const std::lock_guard lock(mutex_);
    if (stopping_ || queued_ >= max_queued_) return Admission::kFull;
    const auto [found, is_new] = classes_.try_emplace(flow.flow_class);
    if (is_new) class_turns_.push_back(flow.flow_class);
    FlowClass& flow_class = found->second;
    std::deque<Task>& tasks = flow_class.waiting[flow.user];
    if (tasks.size() >= std::max<std::size_t>(1, max_queued_ / 2)) return Admission::kUserFull;
    if (tasks.empty()) flow_class.turns.push_back(flow.user);
    tasks.push_back(std::move(task));
    ++queued_;
    wake = should_wake();
  }
  if (wake) ready_.notify_one();
  return Admission::kAccepted;
}

void WorkerPool::stop() {
  std::map<int, FlowClass> dropped;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    for (auto& [number, flow_class] : classes_) {
      dropped[number].waiting.swap(flow_class.waiting);
      flow_class.turns.clear();
    }
    queued_ = 0;
  }
  ready_.notify_all();
  for (std::jthread& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
}

WorkerPool::FlowClass* WorkerPool::next_class() {
  for (auto turn = class_turns_.begin(); turn != class_turns_.end(); ++turn) {
    FlowClass& candidate = classes_.at(*turn);
    if (candidate.turns.empty() || candidate.running >= class_limit_) continue;
    std::rotate(turn, turn + 1, class_turns_.end());
    return &candidate;
  }
  return nullptr;
}

WorkerPool::Task WorkerPool::take(FlowClass& flow_class) {
  const std::string user = std::move(flow_class.turns.front());
  flow_class.turns.pop_front();
  const auto waiting = flow_class.waiting.find(user);
  Task task = std::move(waiting->second.front());
  waiting->second.pop_front();
  if (waiting->second.empty()) {
    flow_class.waiting.erase(waiting);
  } else {
    flow_class.turns.push_back(user);
  }
  return task;
}

bool WorkerPool::should_wake() {
  if (waking_ || sleeping_ == 0 || queued_ == 0) return false;
  return waking_ = true;
}

WorkerPool::FlowClass* WorkerPool::wait_for_class(std::unique_lock<std::mutex>& lock) {
  while (!stopping_) {
    if (FlowClass* const chosen = next_class()) return chosen;
    ++sleeping_;
    ready_.wait(lock);
    --sleeping_;
    waking_ = false;
  }
  return nullptr;
}

void WorkerPool::work() {
  std::unique_lock lock(mutex_);
  while (FlowClass* const chosen = wait_for_class(lock)) {
    Task task = take(*chosen);
    --queued_;
    ++chosen->running;
    const bool wake = should_wake();
    lock.unlock();
    if (wake) ready_.notify_one();
    task();
    task = nullptr;  // what it holds may be big, or take the lock
    lock.lock();
    --chosen->running;
  }
}

}  // namespace slipway::net
