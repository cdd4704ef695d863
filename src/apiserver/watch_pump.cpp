#include "apiserver/watch_pump.h"

#include <algorithm>

namespace slipway::apiserver {

namespace {

// With this many others waiting, a watch whose last turn moved several events may wait for its next one. Events then go
// out together, in one write for each watch, and writers get their time.
constexpr std::size_t kMany = 64;
constexpr std::chrono::nanoseconds kPausePerEvent = std::chrono::milliseconds(5);
constexpr std::chrono::nanoseconds kLongestPause = std::chrono::milliseconds(50);

}  // namespace

struct WatchPump::Session {
  std::unique_ptr<registry::TextWatch> watch;
  std::shared_ptr<net::BodyStream> body;
  Encode encode;
  EncodeError encode_error;
  std::chrono::nanoseconds deadline{0};
  std::chrono::nanoseconds wake_at{0};  // guarded by the pump's mutex_: the deadline until it was announced
  std::shared_ptr<Signal> signal = std::make_shared<Signal>();
  std::mutex serving;                                                            // one pump thread at a time
  bool ended = false;                                                            // guarded by serving
  std::atomic<std::chrono::nanoseconds> next_turn{std::chrono::nanoseconds(0)};  // not before, when many wait
};

WatchPump::WatchPump(base::Clock& clock, int threads, std::chrono::seconds tick) : clock_(clock), tick_(tick) {
  for (int i = 0; i < threads; ++i) threads_.emplace_back([this](const std::stop_token& stop) { run(stop); });
  // The first round counts from here, however late the thread begins.
  threads_.emplace_back(
      [this, first = clock_.steady() + tick_](const std::stop_token& stop) { this->tick(stop, first); });
}

WatchPump::~WatchPump() {
  stop();
}

void WatchPump::Signal::raise() {
  if (queued.exchange(true)) return;
  {
    const std::lock_guard lock(queue->mutex);
    queue->ready.push_back(session);
  }
  queue->changed.notify_one();
}

void WatchPump::add(std::unique_ptr<registry::TextWatch> watch, std::shared_ptr<net::BodyStream> body, Encode encode,
                    EncodeError encode_error, std::chrono::nanoseconds lifetime) {
  auto session = std::make_shared<Session>();
  session->watch = std::move(watch);
  session->body = std::move(body);
  session->encode = std::move(encode);
  session->encode_error = std::move(encode_error);
  session->deadline = clock_.steady() + lifetime;
  session->wake_at = session->deadline;
  session->signal->queue = queue_;
  session->signal->session = session;
  // Nobody serves the session before all its callbacks are set; what is raised meanwhile is covered by the raise at the
  // end.
  session->signal->queued = true;
  {
    const std::lock_guard lock(mutex_);
    if (!stopped_) sessions_.insert(session);
    if (stopped_) {
      session->body->finish();
      return;
    }
  }
  added_.notify_all();
  const std::shared_ptr<Signal> signal = session->signal;
  session->body->on_closed([signal] {
    signal->gone = true;
    signal->raise();
  });
  session->body->on_writable([signal] { signal->raise(); });
  session->watch->on_ready([signal] { signal->raise(); });
  signal->queued = false;
  signal->raise();
}

std::size_t WatchPump::size() const {
  const std::lock_guard lock(mutex_);
  return sessions_.size();
}

void WatchPump::run(const std::stop_token& stop) {
  while (true) {
    std::shared_ptr<Session> session;
    std::size_t others = 0;
    {
      std::unique_lock lock(queue_->mutex);
      if (!queue_->changed.wait(lock, stop, [this] { return !queue_->ready.empty(); })) return;
      session = queue_->ready.front().lock();
      queue_->ready.pop_front();
      others = queue_->ready.size();
    }
    if (!session) continue;
    if (others >= kMany) rest_until(session->next_turn.load(), stop);
    serve(session);
  }
}

void WatchPump::rest_until(std::chrono::nanoseconds time, const std::stop_token& stop) {
  if (clock_.steady() >= time) return;
  std::mutex mutex;
  std::unique_lock lock(mutex);
  std::condition_variable_any never;
  clock_.wait_until(never, lock, time, stop);
}

// Looks at quiet watches: all of them every tick, for bookmarks, and each when its time is up.
void WatchPump::tick(const std::stop_token& stop, std::chrono::nanoseconds next_round) {
  while (!stop.stop_requested()) {
    std::vector<std::shared_ptr<Session>> due;
    {
      std::unique_lock lock(mutex_);
      std::chrono::nanoseconds wake = next_round;
      for (const auto& session : sessions_) wake = std::min(wake, session->wake_at);
      if (clock_.steady() < wake) {
        clock_.wait_until(added_, lock, wake, stop);
        continue;
      }
      const auto now = clock_.steady();
      const bool round = now >= next_round;
      if (round) next_round = now + tick_;
      for (const auto& session : sessions_) {
        if (!round && session->wake_at > now) continue;
        if (session->wake_at <= now) session->wake_at = std::chrono::nanoseconds::max();
        due.push_back(session);
      }
    }
    for (const auto& session : due) session->signal->raise();
  }
}

void WatchPump::serve(const std::shared_ptr<Session>& session) {
  // Cleared before looking: what happens from now on queues it again.
  session->signal->queued = false;
  bool over = false;
  {
    const std::lock_guard lock(session->serving);
    if (session->ended) return;
    over = !move_events(*session);
    session->ended = over;
  }
  if (over) end(session);
}

bool WatchPump::fail(Session& session, const base::Error& error) {
  if (error.code() != base::ErrorCode::kCancelled) session.body->write(session.encode_error(error));
  session.body->finish();
  return false;
}

bool WatchPump::move_events(Session& session) {
  while (!session.signal->gone) {
    // A client that reads slowly holds up its own watch only, until history no longer has what it missed.
    if (session.body->is_congested() && clock_.steady() < session.deadline) return true;
    auto events = session.watch->next(std::chrono::milliseconds(0));
    if (!events) return fail(session, events.error());
    if (events->empty()) {
      if (clock_.steady() < session.deadline) return true;
      session.body->finish();
      return false;
    }
    std::vector<net::SharedBytes> lines;
    lines.reserve(events->size());
    for (const registry::TextEvent& event : *events) {
      auto line = session.encode(event);
      if (!line) return fail(session, line.error());
      lines.push_back(std::move(*line));
    }
    const auto pause = std::min(kLongestPause, kPausePerEvent * static_cast<std::int64_t>(lines.size()));
    session.next_turn = clock_.steady() + pause;
    if (!session.body->write_shared(std::move(lines))) return false;
  }
  return false;
}

void WatchPump::end(const std::shared_ptr<Session>& session) {
  session->watch->close();
  const std::lock_guard lock(mutex_);
  sessions_.erase(session);
}

void WatchPump::stop() {
  std::set<std::shared_ptr<Session>> sessions;
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    sessions.swap(sessions_);
  }
  for (auto& thread : threads_) thread.request_stop();
  threads_.clear();
  for (const auto& session : sessions) {
    session->watch->close();
    session->body->finish();
  }
}

}  // namespace slipway::apiserver
