#include "net/event_loop.h"

#include <array>
#include <cerrno>
#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>

#include "base/files.h"

namespace slipway::net {

namespace {

constexpr std::size_t kReadBufferBytes = 16u << 10;  // one TLS record
constexpr std::uint64_t kWakeId = 0;

}  // namespace

EventLoop::EventLoop(base::UniqueFd epoll, base::UniqueFd wake)
    : epoll_(std::move(epoll)), wake_(std::move(wake)), read_buffer_(kReadBufferBytes) {}

base::Result<std::shared_ptr<EventLoop>> EventLoop::start(const std::string& thread_name, int niceness) {
  base::UniqueFd epoll(::epoll_create1(EPOLL_CLOEXEC));
  if (!epoll.valid()) return base::errno_error(errno, "cannot make an epoll set");
  base::UniqueFd wake(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wake.valid()) return base::errno_error(errno, "cannot make an eventfd");
  epoll_event event{.events = EPOLLIN, .data = {.u64 = kWakeId}};
  if (::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, wake.get(), &event) != 0) {
    return base::errno_error(errno, "cannot watch the eventfd");
  }
  std::shared_ptr<EventLoop> loop(new EventLoop(std::move(epoll), std::move(wake)));
  // The thread owns the loop too: the last other owner may let go from inside a callback.
  loop->thread_ = std::jthread([loop, thread_name, niceness] {
    sigset_t blocked;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &blocked, nullptr);
    pthread_setname_np(pthread_self(), thread_name.substr(0, 15).c_str());
    // Linux applies it to the calling thread alone (setpriority(2), C library/kernel differences).
    if (niceness > 0) ::setpriority(PRIO_PROCESS, 0, niceness);
    loop->run();
  });
  loop->thread_id_ = loop->thread_.get_id();
  return loop;
}

EventLoop::~EventLoop() {
  stop();
}

bool EventLoop::post(std::function<void()> task) {
  bool wake = false;
  {
    const std::lock_guard lock(mutex_);
    if (ended_) return false;
    wake = posted_.empty();
    posted_.push_back(std::move(task));
  }
  if (wake && !in_loop_thread()) {
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(wake_.get(), &one, sizeof(one));
  }
  return true;
}

void EventLoop::stop() {
  stopping_ = true;
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(wake_.get(), &one, sizeof(one));
  const std::lock_guard lock(join_mutex_);
  if (!thread_.joinable()) return;
  // A callback cannot join the thread it runs on.
  if (in_loop_thread()) {
    thread_.detach();
  } else {
    thread_.join();
  }
}

EventLoop::RegistrationId EventLoop::watch(int fd, std::uint32_t epoll_events, std::shared_ptr<IoTarget> target) {
  const RegistrationId id = next_registration_++;
  epoll_event event{.events = epoll_events, .data = {.u64 = id}};
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0) return 0;
  targets_.emplace(id, std::move(target));
  return id;
}

void EventLoop::change(RegistrationId id, int fd, std::uint32_t epoll_events) {
  epoll_event event{.events = epoll_events, .data = {.u64 = id}};
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, fd, &event);
}

void EventLoop::forget(RegistrationId id, int fd) {
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
  targets_.erase(id);
}

EventLoop::TimerId EventLoop::add_timer(std::chrono::milliseconds delay, std::function<void()> action) {
  const TimerId id = next_timer_++;
  const SteadyTime when = std::chrono::steady_clock::now() + delay;
  timers_.emplace(when, std::make_pair(id, std::move(action)));
  timer_times_.emplace(id, when);
  return id;
}

void EventLoop::cancel_timer(TimerId id) {
  const auto found = timer_times_.find(id);
  if (found == timer_times_.end()) return;
  auto [begin, end] = timers_.equal_range(found->second);
  for (auto it = begin; it != end; ++it) {
    if (it->second.first != id) continue;
    timers_.erase(it);
    break;
  }
  timer_times_.erase(found);
}

int EventLoop::wait_milliseconds() {
  {
    const std::lock_guard lock(mutex_);
    if (!posted_.empty()) return 0;
  }
  if (timers_.empty()) return -1;
  const auto left = timers_.begin()->first - std::chrono::steady_clock::now();
  const auto rounded = std::chrono::ceil<std::chrono::milliseconds>(left).count();
  return rounded < 0 ? 0 : static_cast<int>(std::min<std::int64_t>(rounded, 3'600'000));
}

void EventLoop::run_posted() {
  std::vector<std::function<void()>> tasks;
  {
    const std::lock_guard lock(mutex_);
    tasks.swap(posted_);
  }
  for (std::function<void()>& task : tasks) {
    task();
    task = nullptr;
  }
}

void EventLoop::run_timers() {
  const SteadyTime now = std::chrono::steady_clock::now();
  while (!timers_.empty() && timers_.begin()->first <= now) {
    const auto node = timers_.extract(timers_.begin());
    timer_times_.erase(node.mapped().first);
    node.mapped().second();
  }
}

void EventLoop::run() {
  std::array<epoll_event, 64> events{};
  while (!stopping_) {
    const int count = ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), wait_milliseconds());
    for (int i = 0; i < count; ++i) {
      const epoll_event event = events[static_cast<std::size_t>(i)];
      const RegistrationId id = event.data.u64;  // a copy: the kernel's struct is packed
      if (id == kWakeId) {
        std::uint64_t ignored = 0;
        [[maybe_unused]] const auto size = ::read(wake_.get(), &ignored, sizeof(ignored));
        continue;
      }
      const auto found = targets_.find(id);
      if (found == targets_.end()) continue;  // forgotten earlier in this round
      const std::shared_ptr<IoTarget> target = found->second;
      target->on_io(event.events);
    }
    run_posted();
    run_timers();
  }
  // Telling one target may post more work or watch more; a few rounds settle it.
  for (int round = 0; round < 8; ++round) {
    run_posted();
    std::vector<std::shared_ptr<IoTarget>> left;
    for (const auto& [id, target] : targets_) left.push_back(target);
    for (const auto& target : left) target->on_loop_stop();
  }
  std::vector<std::function<void()>> dropped;
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
    dropped.swap(posted_);
  }
  dropped.clear();
  timers_.clear();
  targets_.clear();
}

}  // namespace slipway::net
