#include "plane/load.h"

#include <algorithm>
#include <array>
#include <deque>
#include <fmt/core.h>
#include <sys/epoll.h>

#include "base/files.h"

namespace slipway::bench {

namespace {

class Epoll {
 public:
  Epoll() : fd_(::epoll_create1(EPOLL_CLOEXEC)) {}
  void add(int fd, std::uint64_t id) { control(EPOLL_CTL_ADD, fd, id, true); }
  void set(int fd, std::uint64_t id, bool write) { control(EPOLL_CTL_MOD, fd, id, write); }
  int wait(std::array<epoll_event, 256>& events, int milliseconds) {
    return ::epoll_wait(fd_.get(), events.data(), static_cast<int>(events.size()), milliseconds);
  }

 private:
  void control(int action, int fd, std::uint64_t id, bool write) {
    epoll_event event{.events = EPOLLIN | (write ? EPOLLOUT : 0u), .data = {.u64 = id}};
    ::epoll_ctl(fd_.get(), action, fd, &event);
  }
  base::UniqueFd fd_;
};

}  // namespace

double LoadResult::percentile(double part) const {
  if (milliseconds.empty()) return 0;
  const auto at = static_cast<std::size_t>(part * static_cast<double>(milliseconds.size()));
  return milliseconds[std::min(at, milliseconds.size() - 1)];
}

base::Status Load::open(std::size_t connections) {
  if (connections_.size() == connections) return {};
  connections_.clear();
  for (std::size_t i = 0; i < connections; ++i)
    connections_.push_back(SLIPWAY_TRY(ClientConnection::connect(context_, endpoint_)));
  // Handshakes are not part of what is measured.
  std::size_t made = 0;
  SLIPWAY_TRY(drive(
      [&]() -> std::optional<std::string> {
        if (made == connections) return std::nullopt;
        ++made;
        return render_request(endpoint_, "GET", "/version");
      },
      std::chrono::hours(1)));
  return {};
}

base::Result<LoadResult> Load::run(std::size_t connections, const Next& next, std::chrono::milliseconds time) {
  SLIPWAY_TRY(open(connections));
  return drive(next, time);
}

base::Result<LoadResult> Load::run_paced(std::size_t connections, const Next& next, double rate,
                                         std::chrono::milliseconds time) {
  SLIPWAY_TRY(open(connections));
  return drive(next, time, rate);
}

namespace {

// When the next request is due: at once (rate 0), or evenly spread.
class Pace {
 public:
  Pace(SteadyTime start, SteadyTime end, double rate)
      : due_(start), end_(end), step_(rate > 0 ? static_cast<std::int64_t>(1e9 / rate) : 0) {}

  // The time from which the next request counts, or none: not yet due, or over.
  std::optional<SteadyTime> take() {
    const SteadyTime now = std::chrono::steady_clock::now();
    if (is_over(now)) return std::nullopt;
    if (step_.count() == 0) return now;
    if (due_ > now) return std::nullopt;
    return std::exchange(due_, due_ + step_);
  }
  void end() { end_ = SteadyTime::min(); }
  bool is_paced() const { return step_.count() != 0; }
  bool is_over(SteadyTime now) const { return (is_paced() ? due_ : now) >= end_; }

 private:
  SteadyTime due_, end_;
  const std::chrono::nanoseconds step_;
};

}  // namespace

base::Result<LoadResult> Load::drive(const Next& next, std::chrono::milliseconds time, double rate) {
  const std::size_t connections = connections_.size();
  LoadResult result;
  Epoll epoll;
  std::vector<bool> write_interest(connections, true);
  std::vector<SteadyTime> asked(connections);
  std::deque<std::size_t> idle;
  const SteadyTime start = std::chrono::steady_clock::now();
  Pace pace(start, start + time, rate);
  const auto move = [&](std::size_t id) -> base::Status {
    ClientConnection& connection = *connections_[id];
    if (SLIPWAY_TRY(connection.on_io())) {
      const auto now = std::chrono::steady_clock::now();
      const Answer& answer = connection.answer();
      result.milliseconds.push_back(std::chrono::duration<double, std::milli>(now - asked[id]).count());
      result.body_bytes += answer.body_bytes;
      ++result.answers;
      if (answer.status / 100 != 2 && result.refused++ == 0) result.first_refusal = std::to_string(answer.status);
      idle.push_back(id);
    }
    const bool write = connection.wants_write();
    if (write == write_interest[id]) return {};
    write_interest[id] = write;
    epoll.set(connection.fd(), id, write);
    return {};
  };
  const auto give_work = [&]() -> base::Status {
    while (!idle.empty()) {
      const auto due = pace.take();
      if (!due) return {};
      auto request = next();
      if (!request) {
        pace.end();
        return {};
      }
      const std::size_t id = idle.front();
      idle.pop_front();
      asked[id] = *due;
      connections_[id]->request(std::move(*request));
      SLIPWAY_TRY(move(id));
    }
    return {};
  };
  for (std::size_t i = 0; i < connections; ++i) {
    epoll.add(connections_[i]->fd(), i);
    idle.push_back(i);
  }
  std::array<epoll_event, 256> events{};
  SteadyTime last_answer = start;
  while (true) {
    SLIPWAY_TRY(give_work());
    const SteadyTime now = std::chrono::steady_clock::now();
    if (idle.size() == connections && pace.is_over(now)) break;
    const int count = epoll.wait(events, pace.is_paced() && !pace.is_over(now) ? 1 : 1'000);
    if (count > 0) last_answer = now;
    if (now - last_answer > std::chrono::minutes(1))
      return base::fail(base::ErrorCode::kTimeout, "no answer within a minute");
    for (int at = 0; at < count; ++at) {
      SLIPWAY_TRY(move(events[static_cast<std::size_t>(at)].data.u64));
      SLIPWAY_TRY(give_work());
    }
  }
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  std::ranges::sort(result.milliseconds);
  return result;
}

base::Result<Answer> Load::ask(std::string_view method, std::string_view target, std::string_view body,
                               std::string_view content_type) {
  auto connection = SLIPWAY_TRY(ClientConnection::connect(context_, endpoint_));
  connection->request(render_request(endpoint_, method, target, body, content_type), 1u << 20);
  Epoll epoll;
  epoll.add(connection->fd(), 0);
  std::array<epoll_event, 256> events{};
  bool write = true;
  while (!SLIPWAY_TRY(connection->on_io())) {
    if (connection->wants_write() != write) epoll.set(connection->fd(), 0, write = connection->wants_write());
    if (epoll.wait(events, 30'000) <= 0) return base::fail(base::ErrorCode::kTimeout, "no answer in 30 s");
  }
  return connection->answer();
}

}  // namespace slipway::bench
