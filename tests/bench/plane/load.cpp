#include "plane/load.h"

#include <algorithm>
#include <array>
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

base::Result<LoadResult> Load::drive(const Next& next, std::chrono::milliseconds time) {
  const std::size_t connections = connections_.size();
  LoadResult result;
  Epoll epoll;
  std::vector<bool> write_interest(connections, true);
  const SteadyTime start = std::chrono::steady_clock::now();
  const SteadyTime end = start + time;
  std::size_t busy = 0;
  const auto give_work = [&](ClientConnection& connection) {
    auto request = std::chrono::steady_clock::now() < end ? next() : std::nullopt;
    if (!request) return;
    ++busy;
    connection.request(std::move(*request));
  };
  for (std::size_t i = 0; i < connections; ++i) {
    epoll.add(connections_[i]->fd(), i);
    give_work(*connections_[i]);
  }
  std::array<epoll_event, 256> events{};
  while (busy > 0) {
    const int count = epoll.wait(events, 60'000);
    if (count <= 0) return base::fail(base::ErrorCode::kTimeout, "no answer within a minute");
    for (int at = 0; at < count; ++at) {
      const std::uint64_t id = events[static_cast<std::size_t>(at)].data.u64;
      ClientConnection& connection = *connections_[id];
      while (SLIPWAY_TRY(connection.on_io())) {
        --busy;
        const auto now = std::chrono::steady_clock::now();
        const Answer& answer = connection.answer();
        result.milliseconds.push_back(std::chrono::duration<double, std::milli>(now - connection.started()).count());
        result.body_bytes += answer.body_bytes;
        ++result.answers;
        if (answer.status / 100 != 2 && result.refused++ == 0) result.first_refusal = std::to_string(answer.status);
        give_work(connection);
      }
      const bool write = connection.wants_write();
      if (write == write_interest[id]) continue;
      write_interest[id] = write;
      epoll.set(connection.fd(), id, write);
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
