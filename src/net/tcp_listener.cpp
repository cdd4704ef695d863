#include <atomic>

#include "net/tcp_socket.h"

namespace slipway::net {

namespace {

class Listener final : public TcpListener {
 public:
  Listener(std::shared_ptr<EventLoop> loop, TcpListenerOptions options, Accept accept)
      : loop_(std::move(loop)), options_(std::move(options)), accept_(std::move(accept)) {}
  ~Listener() override { stop(); }

  void listen(ListeningSocket socket) {
    port_ = socket.port;
    acceptor_ = std::make_shared<Acceptor>(
        loop_, std::move(socket.fd), options_.max_connections, [open = open_] { return open->load(); },
        [this](base::UniqueFd fd) { take(std::move(fd)); });
    acceptor_->start();
  }

  std::uint16_t port() const override { return port_; }

  void stop() override {
    acceptor_->stop();
    loop_->stop();
  }

 private:
  void take(base::UniqueFd fd) {
    auto connection = std::make_shared<Connection>(loop_, std::move(fd), nullptr, Connection::Options{});
    ++*open_;
    ClientRuntime::TcpHandler handler = accept_(wrap_tcp(connection));
    handler.on_closed = [open = open_, told = std::move(handler.on_closed)](std::string reason) {
      --*open;
      if (told) told(std::move(reason));
    };
    start_tcp(connection, std::move(handler), [](base::Result<std::shared_ptr<TcpConnection>>) {});
  }

  const std::shared_ptr<EventLoop> loop_;
  const TcpListenerOptions options_;
  const Accept accept_;
  const std::shared_ptr<std::atomic<std::size_t>> open_ = std::make_shared<std::atomic<std::size_t>>(0);
  std::shared_ptr<Acceptor> acceptor_;
  std::uint16_t port_ = 0;
};

}  // namespace

base::Result<std::unique_ptr<TcpListener>> TcpListener::start(TcpListenerOptions options, Accept accept) {
  ListeningSocket socket = SLIPWAY_TRY(listen_on(options.address, options.port));
  auto loop = SLIPWAY_TRY(EventLoop::start("tcp-listener"));
  auto listener = std::make_unique<Listener>(std::move(loop), std::move(options), std::move(accept));
  listener->listen(std::move(socket));
  return base::Result<std::unique_ptr<TcpListener>>(std::move(listener));
}

}  // namespace slipway::net
