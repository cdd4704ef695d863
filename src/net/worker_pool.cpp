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

void WorkerPool::resume(std::function<void()> rest) {
  bool wake = false;
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return;
    resumed_.push_back(std::move(rest));
    wake = should_wake();
  }
  if (wake) ready_.notify_one();
}

void WorkerPool::stop() {
  std::map<int, FlowClass> dropped;
  std::deque<std::function<void()>> dropped_rests;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    for (auto& [number, flow_class] : classes_) {
      dropped[number].waiting.swap(flow_class.waiting);
      flow_class.turns.clear();
    }
    queued_ = 0;
    dropped_rests.swap(resumed_);
  }
  ready_.notify_all();
  for (std::jthread& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
}

WorkerPool::FlowClass* WorkerPool::next_class() {
  for (auto turn = class_turns_.begin(); turn != class_turns_.end(); ++turn) {
    FlowClass& candidate = classes_.at(*turn);
    if (!may_begin(candidate)) continue;
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

bool WorkerPool::may_begin(const FlowClass& flow_class) const {
  return !flow_class.turns.empty() && flow_class.running < class_limit_ && flow_class.under_way < kMaxUnderWay;
}

bool WorkerPool::has_turn() const {
  return !resumed_.empty() ||
         std::ranges::any_of(classes_, [this](const auto& numbered) { return may_begin(numbered.second); });
}

bool WorkerPool::should_wake() {
  if (waking_ || sleeping_ == 0 || !has_turn()) return false;
  return waking_ = true;
}

std::optional<WorkerPool::Turn> WorkerPool::next_turn() {
  Turn turn;
  if (!resumed_.empty()) {
    turn.rest = std::move(resumed_.front());
    resumed_.pop_front();
    return turn;
  }
  turn.flow_class = next_class();
  if (turn.flow_class == nullptr) return std::nullopt;
  turn.task = take(*turn.flow_class);
  --queued_;
  ++turn.flow_class->running;
  ++turn.flow_class->under_way;
  return turn;
}

std::optional<WorkerPool::Turn> WorkerPool::wait_for_turn(std::unique_lock<std::mutex>& lock) {
  while (!stopping_) {
    if (auto turn = next_turn()) return turn;
    ++sleeping_;
    ready_.wait(lock);
    --sleeping_;
    waking_ = false;
  }
  return std::nullopt;
}

// What it holds is freed before this returns: that may be much, or take the lock.
void WorkerPool::run_turn(Turn turn) {
  if (turn.rest) return turn.rest();
  turn.task(Slot(*this, *turn.flow_class));
}

void WorkerPool::end(FlowClass& flow_class) {
  bool wake = false;
  {
    const std::lock_guard lock(mutex_);
    --flow_class.under_way;
    wake = should_wake();
  }
  if (wake) ready_.notify_one();
}

void WorkerPool::work() {
  std::unique_lock lock(mutex_);
  while (std::optional<Turn> turn = wait_for_turn(lock)) {
    FlowClass* const flow_class = turn->flow_class;
    const bool wake = should_wake();
    lock.unlock();
    if (wake) ready_.notify_one();
    run_turn(std::move(*turn));
    lock.lock();
    if (flow_class != nullptr) --flow_class->running;
  }
}

}  // namespace slipway::net
