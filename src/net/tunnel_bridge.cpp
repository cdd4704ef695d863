#include <atomic>
#include <fmt/core.h>
#include <mutex>

#include "net/tunnel.h"

namespace slipway::net {

namespace {

class Bridge final : public TunnelBridge {
 public:
  explicit Bridge(std::shared_ptr<TunnelStream> stream) : stream_(std::move(stream)) {}

  ClientRuntime::TcpHandler tcp_handler() override {
    const auto self = shared();
    return {.on_data = [self](std::string bytes) { self->from_tcp(std::move(bytes)); },
            .on_writable = [self] { self->stream_->resume_reading(); },
            .on_closed = [self](const std::string& reason) { self->tcp_closed(reason); }};
  }

  void start(std::shared_ptr<TcpConnection> connection) override {
    const auto self = shared();
    {
      const std::lock_guard lock(mutex_);
      connection_ = connection;
      if (tcp_ended_) return;
    }
    stream_->start({.on_data = [self](std::string bytes) { self->from_stream(std::move(bytes)); },
                    .on_writable = [connection] { connection->resume_reading(); },
                    .on_closed = [self](const std::string&) { self->stream_closed(); }});
  }

  void close(std::string_view reason) override {
    stream_->close(reason);
    std::shared_ptr<TcpConnection> connection;
    {
      const std::lock_guard lock(mutex_);
      stream_ended_ = true;
      connection = connection_;
    }
    if (connection) connection->close();
    finish_if_over();
  }

  void on_finished(std::function<void()> callback) override {
    const std::lock_guard lock(mutex_);
    on_finished_ = std::move(callback);
  }

  std::uint64_t transferred() const override { return transferred_; }

 private:
  std::shared_ptr<Bridge> shared() { return std::static_pointer_cast<Bridge>(shared_from_this()); }

  std::shared_ptr<TcpConnection> connection() {
    const std::lock_guard lock(mutex_);
    return connection_;
  }

  void from_tcp(std::string bytes) {
    transferred_ += bytes.size();
    if (!stream_->send(std::move(bytes))) return;
    if (stream_->backlog() < kTunnelWindow) return;
    const auto tcp = connection();
    if (!tcp) return;
    tcp->pause_reading();
    // The stream may have become writable between the two calls; its callback came too early then.
    if (stream_->backlog() < kTunnelWindow / 2) tcp->resume_reading();
  }

  void from_stream(std::string bytes) {
    transferred_ += bytes.size();
    const auto tcp = connection();
    if (!tcp || !tcp->send(std::move(bytes))) return;
    if (tcp->backlog() <= kWritableBytes) return;
    stream_->pause_reading();
    if (tcp->backlog() < kWritableBytes) stream_->resume_reading();
  }

  void tcp_closed(const std::string& reason) {
    {
      const std::lock_guard lock(mutex_);
      tcp_ended_ = true;
      stream_ended_ = true;  // our own close() is not told back
    }
    stream_->close(reason);
    finish_if_over();
  }

  void stream_closed() {
    std::shared_ptr<TcpConnection> tcp;
    {
      const std::lock_guard lock(mutex_);
      stream_ended_ = true;
      tcp = connection_;
    }
    if (tcp) tcp->close();
    finish_if_over();
  }

  void finish_if_over() {
    std::function<void()> callback;
    {
      const std::lock_guard lock(mutex_);
      if (!stream_ended_ || !(tcp_ended_ || !connection_)) return;
      callback = std::exchange(on_finished_, nullptr);
      connection_.reset();
    }
    if (callback) callback();
  }

  const std::shared_ptr<TunnelStream> stream_;
  std::atomic<std::uint64_t> transferred_ = 0;
  std::mutex mutex_;
  std::shared_ptr<TcpConnection> connection_;
  bool tcp_ended_ = false;
  bool stream_ended_ = false;
  std::function<void()> on_finished_;
};

}  // namespace

std::shared_ptr<TunnelBridge> TunnelBridge::create(std::shared_ptr<TunnelStream> stream) {
  return std::make_shared<Bridge>(std::move(stream));
}

void serve_tunnel_stream(ClientRuntime& runtime, std::shared_ptr<TunnelStream> stream, std::string_view host,
                         std::uint16_t port, std::chrono::milliseconds connect_timeout) {
  const auto bridge = TunnelBridge::create(stream);
  runtime.connect_tcp_async(
      host, port, connect_timeout, bridge->tcp_handler(),
      [bridge, stream, target = fmt::format("{}:{}", host, port)](base::Result<std::shared_ptr<TcpConnection>> made) {
        if (made) {
          bridge->start(std::move(*made));
        } else {
          stream->close(fmt::format("{}: {}", target, made.error().message()));
        }
      });
}

}  // namespace slipway::net
