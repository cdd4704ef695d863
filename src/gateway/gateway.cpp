#include "gateway/gateway.h"

#include <algorithm>
#include <condition_variable>
#include <pthread.h>
#include <thread>
#include <vector>

#include "gateway/gateway_session.h"

namespace slipway::gateway {

namespace {

class Door final : public Gateway {
 public:
  Door(GatewayOptions options, TunnelDialer dialer)
      : options_(std::move(options)), dialer_(std::make_shared<const TunnelDialer>(std::move(dialer))) {}
  ~Door() override { stop(); }

  base::Status open() {
    listener_ = SLIPWAY_TRY(net::TcpListener::start(
        {.address = options_.address, .port = options_.port, .max_connections = options_.max_connections},
        [this](std::shared_ptr<net::TcpConnection> connection) { return accept(std::move(connection)); }));
    housekeeper_ = std::jthread([this](const std::stop_token& stop) {
      pthread_setname_np(pthread_self(), "gateway-checks");
      keep_house(stop);
    });
    return {};
  }

  std::uint16_t port() const override { return listener_->port(); }

  GatewayCounters counters() const override {
    return {.accepted = statistics_->accepted,
            .tunnelled = statistics_->tunnelled,
            .unknown_names = statistics_->unknown_names,
            .unreachable = statistics_->unreachable,
            .malformed = statistics_->malformed,
            .timed_out = statistics_->timed_out,
            .open = statistics_->open};
  }

  void stop() override {
    if (listener_) listener_->stop();
    if (housekeeper_.joinable()) {
      housekeeper_.request_stop();
      housekeeper_.join();
    }
    const std::lock_guard lock(mutex_);
    sessions_.clear();
  }

 private:
  net::ClientRuntime::TcpHandler accept(std::shared_ptr<net::TcpConnection> connection) {
    auto session = std::make_shared<GatewaySession>(std::move(connection), options_, dialer_, statistics_);
    auto handler = session->handler();
    {
      const std::lock_guard lock(mutex_);
      sessions_.push_back(std::move(session));
    }
    changed_.notify_one();
    return handler;
  }

  // Looks at the sessions a few times per timeout; sleeps while there are none.
  void keep_house(const std::stop_token& stop) {
    const auto step = std::clamp<std::chrono::milliseconds>(std::min(options_.hello_timeout, options_.idle_timeout) / 4,
                                                            std::chrono::milliseconds(5), std::chrono::seconds(1));
    std::unique_lock lock(mutex_);
    while (!stop.stop_requested()) {
      if (!changed_.wait(lock, stop, [this] { return !sessions_.empty(); })) return;
      changed_.wait_for(lock, stop, step, [] { return false; });
      std::vector<std::shared_ptr<GatewaySession>> sessions = sessions_;
      lock.unlock();
      const auto now = GatewaySession::Clock::now();
      std::vector<std::shared_ptr<GatewaySession>> ended;
      for (const auto& session : sessions) {
        if (!session->check(now)) ended.push_back(session);
      }
      sessions.clear();
      lock.lock();
      std::erase_if(sessions_, [&ended](const auto& session) {
        return std::find(ended.begin(), ended.end(), session) != ended.end();
      });
    }
  }

  const GatewayOptions options_;
  const std::shared_ptr<const TunnelDialer> dialer_;
  const std::shared_ptr<GatewayStatistics> statistics_ = std::make_shared<GatewayStatistics>();
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::vector<std::shared_ptr<GatewaySession>> sessions_;
  std::unique_ptr<net::TcpListener> listener_;
  std::jthread housekeeper_;
};

}  // namespace

base::Result<std::unique_ptr<Gateway>> Gateway::start(GatewayOptions options, TunnelDialer dialer) {
  auto door = std::make_unique<Door>(std::move(options), std::move(dialer));
  SLIPWAY_TRY(door->open().with_context("gateway"));
  return base::Result<std::unique_ptr<Gateway>>(std::move(door));
}

}  // namespace slipway::gateway
