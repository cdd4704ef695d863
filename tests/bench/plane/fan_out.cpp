#include "plane/fan_out.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <sys/epoll.h>

#include "base/files.h"

namespace slipway::bench {

namespace {

using Clock = std::chrono::steady_clock;

std::int64_t now_nanoseconds() {
  return Clock::now().time_since_epoch().count();
}

constexpr std::size_t kSampledWatchers = 50;

class FanOut {
 public:
  FanOut(const Endpoint& endpoint, SSL_CTX* context, const std::string& watch_target,
         const std::function<std::string(std::int64_t)>& make_write, const FanOutOptions& options)
      : endpoint_(endpoint),
        context_(context),
        target_(watch_target),
        make_write_(make_write),
        options_(options),
        epoll_(::epoll_create1(EPOLL_CLOEXEC)),
        watchers_(options.watchers),
        partial_lines_(kSampledWatchers) {}

  base::Result<FanOutResult> run() {
    SLIPWAY_TRY(open());
    const auto start = Clock::now();
    measure_from_ = start + options_.warm_up;
    const auto end = measure_from_ + options_.time;
    next_write_ = start;
    const std::size_t writes_before = writes_;
    while (Clock::now() < end) {
      SLIPWAY_TRY(give_writes());
      SLIPWAY_TRY(turn(1));
    }
    FanOutResult result;
    const double seconds = std::chrono::duration<double>(Clock::now() - measure_from_).count();
    const double all_seconds = std::chrono::duration<double>(Clock::now() - start).count();
    result.events_per_second = static_cast<double>(events_) / seconds;
    result.writes_per_second = static_cast<double>(writes_ - writes_before) / all_seconds;
    result.cut = cut_;
    std::ranges::sort(lags_);
    if (!lags_.empty()) {
      result.p50_lag = lags_[lags_.size() / 2];
      result.p99_lag = lags_[std::min(lags_.size() - 1, lags_.size() * 99 / 100)];
    }
    return result;
  }

 private:
  base::Status open() {
    for (std::size_t i = 0; i < watchers_.size(); ++i) {
      watchers_[i] = SLIPWAY_TRY(ClientConnection::connect(context_, endpoint_));
      watchers_[i]->request(render_request(endpoint_, "GET", target_), 0,
                            [this, i](std::string_view bytes) { see(i, bytes); });
      add(watchers_[i]->fd(), i);
    }
    const auto deadline = Clock::now() + std::chrono::seconds(60);
    while (!std::ranges::all_of(watchers_, [](const auto& watcher) { return watcher->has_head(); })) {
      if (Clock::now() > deadline) return base::fail(base::ErrorCode::kTimeout, "the watches did not open in a minute");
      SLIPWAY_TRY(turn(100));
    }
    if (options_.writes_per_second == 0) return {};
    for (std::size_t i = 0; i < options_.writer_connections; ++i) {
      writers_.push_back(SLIPWAY_TRY(ClientConnection::connect(context_, endpoint_)));
      add(writers_[i]->fd(), options_.watchers + i);
      idle_.push_back(i);
    }
    return {};
  }

  // Sends the writes that are due, as far as writers are idle.
  base::Status give_writes() {
    const auto step =
        std::chrono::nanoseconds(static_cast<std::int64_t>(1e9 / std::max(options_.writes_per_second, 0.001)));
    while (!idle_.empty() && options_.writes_per_second > 0 && Clock::now() >= next_write_) {
      next_write_ += step;
      const std::size_t writer = idle_.back();
      idle_.pop_back();
      writers_[writer]->request(make_write_(now_nanoseconds()));
      SLIPWAY_TRY(io(options_.watchers + writer));
    }
    return {};
  }

  base::Status turn(int milliseconds) {
    std::array<epoll_event, 256> events{};
    const int count = ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), milliseconds);
    for (int i = 0; i < count; ++i) SLIPWAY_TRY(io(events[static_cast<std::size_t>(i)].data.u64));
    return {};
  }

  base::Status io(std::uint64_t id) {
    const bool watcher = id < watchers_.size();
    ClientConnection& connection = watcher ? *watchers_[id] : *writers_[id - watchers_.size()];
    const auto done = connection.on_io();
    if (watcher && (!done || *done)) {
      ++cut_;
      ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, connection.fd(), nullptr);
      return {};
    }
    if (!done) return done.error();
    if (*done) {
      if (connection.answer().status / 100 == 2) ++writes_;
      idle_.push_back(id - watchers_.size());
    }
    epoll_event event{.events = EPOLLIN | (connection.wants_write() ? EPOLLOUT : 0u), .data = {.u64 = id}};
    const bool wants = connection.wants_write();
    if (interest_.size() <= id) interest_.resize(id + 1, true);
    if (wants != interest_[id]) {
      interest_[id] = wants;
      ::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, connection.fd(), &event);
    }
    return {};
  }

  void add(int fd, std::uint64_t id) {
    epoll_event event{.events = EPOLLIN | EPOLLOUT, .data = {.u64 = id}};
    ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event);
  }

  void see(std::size_t watcher, std::string_view bytes) {
    if (Clock::now() >= measure_from_) events_ += static_cast<std::size_t>(std::ranges::count(bytes, '\n'));
    if (watcher >= kSampledWatchers) return;
    std::string& line = partial_lines_[watcher];
    while (true) {
      const auto end = bytes.find('\n');
      line += bytes.substr(0, end);
      if (end == bytes.npos) return;
      bytes.remove_prefix(end + 1);
      note_lag(line);
      line.clear();
    }
  }

  void note_lag(const std::string& line) {
    constexpr std::string_view kStamp = "\"stamp\":\"";
    const auto at = line.find(kStamp);
    if (at == line.npos) return;
    std::int64_t sent = 0;
    std::from_chars(line.data() + at + kStamp.size(), line.data() + line.size(), sent);
    if (sent < measure_from_.time_since_epoch().count()) return;
    lags_.push_back(static_cast<double>(now_nanoseconds() - sent) / 1e6);
  }

  const Endpoint& endpoint_;
  SSL_CTX* const context_;
  const std::string target_;
  const std::function<std::string(std::int64_t)>& make_write_;
  const FanOutOptions options_;
  const base::UniqueFd epoll_;
  std::vector<std::unique_ptr<ClientConnection>> watchers_, writers_;
  std::vector<bool> interest_;
  std::vector<std::size_t> idle_;
  Clock::time_point measure_from_ = Clock::time_point::max();
  Clock::time_point next_write_;
  std::vector<std::string> partial_lines_;
  std::vector<double> lags_;
  std::size_t events_ = 0;
  std::size_t writes_ = 0;
  std::size_t cut_ = 0;
};

}  // namespace

base::Result<FanOutResult> run_fan_out(const Endpoint& endpoint, SSL_CTX* context, const std::string& watch_target,
                                       const std::function<std::string(std::int64_t stamp)>& make_write,
                                       const FanOutOptions& options) {
  return FanOut(endpoint, context, watch_target, make_write, options).run();
}

}  // namespace slipway::bench
