#include "net/http_server.h"

#include <condition_variable>
#include <fmt/core.h>
#include <set>

#include "base/log.h"
#include "net/http_connection.h"
#include "net/tcp_socket.h"

namespace slipway::net {

using base::ErrorCode;
using base::fail;
using base::Result;
using base::Status;

namespace {

constexpr std::size_t kLoops = 2;

// The connections of one loop, for stop(). Loop thread only.
struct Shard {
  std::shared_ptr<EventLoop> loop;
  std::set<std::weak_ptr<HttpConnection>, std::owner_less<>> connections;

  void add(const std::shared_ptr<HttpConnection>& connection) {
    if (connections.size() >= sweep_at) {
      std::erase_if(connections, [](const auto& weak) { return weak.expired(); });
      sweep_at = std::max<std::size_t>(64, connections.size() * 2);
    }
    connections.insert(connection);
  }
  std::size_t sweep_at = 64;
};

class Server final : public HttpServer {
 public:
  Server(std::shared_ptr<HttpService> service, SslContext tls, std::vector<std::shared_ptr<EventLoop>> loops)
      : service_(std::move(service)), tls_(std::move(tls)) {
    for (auto& loop : loops) shards_.push_back(std::make_shared<Shard>(Shard{.loop = std::move(loop)}));
  }
  ~Server() override { stop(std::chrono::milliseconds(0)); }

  void listen(ListeningSocket socket) {
    port_ = socket.port;
    acceptor_ = std::make_shared<Acceptor>(
        shards_[0]->loop, std::move(socket.fd), service_->options.max_connections,
        [service = service_] { return service->connections.load(); },
        [this](base::UniqueFd fd) { take(std::move(fd)); });
    acceptor_->start();
  }

  std::uint16_t port() const override { return port_; }

  Status reload_tls(const TlsServerOptions& options) override {
    if (!context()) return fail(ErrorCode::kInvalid, "the server speaks plain HTTP; there is no TLS to reload");
    SslContext fresh = SLIPWAY_TRY(make_server_context(options));
    const std::lock_guard lock(tls_mutex_);
    tls_ = std::move(fresh);
    return {};
  }

  void stop(std::chrono::milliseconds grace) override {
    const std::lock_guard lock(stop_mutex_);
    if (std::exchange(stopped_, true)) return;
    acceptor_->stop();
    service_->stopping = true;
    each_connection([](HttpConnection& connection) { connection.begin_stop(); });
    const auto deadline = std::chrono::steady_clock::now() + grace;
    while (is_busy() && std::chrono::steady_clock::now() < deadline) {
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    for (const auto& shard : shards_) shard->loop->stop();
    service_->workers.stop();
    // What was kept may wait for a disk; its handler must not outlive the server.
    while (service_->running_handlers > 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }

 private:
  SslContext context() {
    const std::lock_guard lock(tls_mutex_);
    return tls_;
  }

  // On the first loop.
  void take(base::UniqueFd fd) {
    SslHandle session;
    if (const SslContext tls = context()) {
      auto made = new_server_session(tls, fd.get());
      if (!made) return;
      session = std::move(*made);
    }
    const std::shared_ptr<Shard> shard = shards_[next_shard_++ % shards_.size()];
    const HttpServerOptions& options = service_->options;
    auto connection = std::make_shared<Connection>(
        shard->loop, std::move(fd), std::move(session),
        Connection::Options{.open_timeout = options.header_timeout, .write_timeout = options.idle_timeout});
    auto http = std::make_shared<HttpConnection>(service_, std::move(connection));
    shard->loop->post([shard, http] {
      shard->add(http);
      http->start();
    });
  }

  bool is_busy() const { return service_->running_handlers > 0 || service_->connections > 0; }

  template <typename Action>
  void each_connection(Action action) {
    for (const auto& shard : shards_) {
      shard->loop->post([shard, action] {
        for (const auto& weak : shard->connections) {
          if (const auto connection = weak.lock()) action(*connection);
        }
      });
    }
  }

  const std::shared_ptr<HttpService> service_;
  std::mutex tls_mutex_;
  SslContext tls_;
  std::vector<std::shared_ptr<Shard>> shards_;
  std::size_t next_shard_ = 0;
  std::shared_ptr<Acceptor> acceptor_;
  std::uint16_t port_ = 0;
  std::mutex stop_mutex_;
  bool stopped_ = false;
};

}  // namespace

bool BodyStream::write_shared(std::vector<SharedBytes> parts) {
  std::string bytes;
  for (const SharedBytes& part : parts) bytes += *part;
  return write(bytes);
}

Result<std::unique_ptr<HttpServer>> HttpServer::start(HttpServerOptions options, HttpHandler handler) {
  SslContext tls;
  if (!options.tls.certificate_pem.empty()) tls = SLIPWAY_TRY(make_server_context(options.tls));
  ListeningSocket socket = SLIPWAY_TRY(listen_on(options.address, options.port));
  std::vector<std::shared_ptr<EventLoop>> loops;
  for (std::size_t i = 0; i < kLoops; ++i)
    loops.push_back(SLIPWAY_TRY(EventLoop::start(fmt::format("http-io-{}", i), options.network_niceness)));
  auto server = std::make_unique<Server>(std::make_shared<HttpService>(std::move(options), std::move(handler)),
                                         std::move(tls), std::move(loops));
  server->listen(std::move(socket));
  return Result<std::unique_ptr<HttpServer>>(std::move(server));
}

}  // namespace slipway::net
