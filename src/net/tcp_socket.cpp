#include "net/tcp_socket.h"

#include <arpa/inet.h>
#include <cerrno>
#include <cstring>
#include <fmt/core.h>
#include <future>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "base/files.h"
#include "base/log.h"

namespace slipway::net {

using base::ErrorCode;
using base::fail;
using base::Result;
using base::UniqueFd;

namespace {

constexpr std::size_t kTcpBacklogLimit = 64u << 20;  // senders stop at kWritableBytes; this only stops the runaway
constexpr int kAcceptsPerEvent = 32;

socklen_t size_of(const sockaddr_storage& address) {
  return address.ss_family == AF_INET6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in);
}

Result<std::vector<sockaddr_storage>> lookup(const std::string& host, std::uint16_t port, int flags) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV | flags;
  addrinfo* found = nullptr;
  const int error = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
  if (error != 0) {
    return fail(ErrorCode::kUnavailable, fmt::format("cannot resolve \"{}\": {}", host, gai_strerror(error)));
  }
  std::vector<sockaddr_storage> addresses;
  for (const addrinfo* it = found; it != nullptr; it = it->ai_next) {
    if (it->ai_family != AF_INET && it->ai_family != AF_INET6) continue;
    sockaddr_storage address{};
    std::memcpy(&address, it->ai_addr, it->ai_addrlen);
    addresses.push_back(address);
  }
  ::freeaddrinfo(found);
  if (addresses.empty()) return fail(ErrorCode::kUnavailable, fmt::format("\"{}\" has no IP address", host));
  return addresses;
}

class Tcp final : public TcpConnection {
 public:
  explicit Tcp(std::shared_ptr<Connection> connection) : connection_(std::move(connection)) {}
  bool send(std::string bytes) override { return connection_->send(std::move(bytes), kTcpBacklogLimit); }
  std::size_t backlog() const override { return connection_->backlog(); }
  void pause_reading() override { connection_->pause_reading(); }
  void resume_reading() override { connection_->resume_reading(); }
  void close() override { connection_->close("closed by this side"); }
  void abort() override { connection_->abort("closed by this side"); }
  std::string peer_address() const override { return connection_->peer_address(); }

 private:
  const std::shared_ptr<Connection> connection_;
};

}  // namespace

Result<ListeningSocket> listen_on(const std::string& address, std::uint16_t port) {
  const auto addresses = SLIPWAY_TRY(lookup(address, port, AI_NUMERICHOST | AI_PASSIVE));
  const sockaddr_storage& wanted = addresses.front();
  UniqueFd fd(::socket(wanted.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.valid()) return base::errno_error(errno, "cannot make a socket");
  const int on = 1;
  ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&wanted), size_of(wanted)) != 0 ||
      ::listen(fd.get(), 1024) != 0) {
    return fail(ErrorCode::kUnavailable,
                fmt::format("cannot listen on {}: {}", address_text(wanted), std::strerror(errno)));
  }
  sockaddr_storage bound{};
  socklen_t size = sizeof(bound);
  ::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&bound), &size);
  const std::uint16_t actual = bound.ss_family == AF_INET6 ? reinterpret_cast<const sockaddr_in6&>(bound).sin6_port
                                                           : reinterpret_cast<const sockaddr_in&>(bound).sin_port;
  return ListeningSocket{std::move(fd), ntohs(actual)};
}

Acceptor::Acceptor(std::shared_ptr<EventLoop> loop, UniqueFd fd, std::size_t limit, std::function<std::size_t()> open,
                   Accepted accepted)
    : loop_(std::move(loop)),
      fd_(std::move(fd)),
      limit_(limit),
      open_(std::move(open)),
      accepted_(std::move(accepted)) {}

void Acceptor::start() {
  loop_->post(
      [self = shared_from_this()] { self->registration_ = self->loop_->watch(self->fd_.get(), EPOLLIN, self); });
}

void Acceptor::stop() {
  std::promise<void> done;
  const bool posted = loop_->post([self = shared_from_this(), &done] {
    self->on_loop_stop();
    done.set_value();
  });
  if (posted && !loop_->in_loop_thread()) done.get_future().wait();
}

void Acceptor::on_loop_stop() {
  if (!fd_.valid()) return;
  if (registration_ != 0) loop_->forget(registration_, fd_.get());
  registration_ = 0;
  fd_.reset();
  accepted_ = nullptr;
}

void Acceptor::pause_for(std::chrono::milliseconds time) {
  loop_->change(registration_, fd_.get(), 0);
  loop_->add_timer(time, [self = shared_from_this()] {
    if (self->fd_.valid()) self->loop_->change(self->registration_, self->fd_.get(), EPOLLIN);
  });
}

void Acceptor::complain(const std::string& why) {
  const auto now = std::chrono::steady_clock::now();
  if (complained_at_ && now - *complained_at_ < std::chrono::minutes(1)) return;
  complained_at_ = now;
  sockaddr_storage address{};
  socklen_t size = sizeof(address);
  ::getsockname(fd_.get(), reinterpret_cast<sockaddr*>(&address), &size);
  base::log_warning("net", "{} cannot accept a connection: {}; new ones wait", address_text(address), why);
}

void Acceptor::on_io(std::uint32_t) {
  for (int i = 0; i < kAcceptsPerEvent && fd_.valid(); ++i) {
    if (open_() >= limit_) {
      complain(fmt::format("it has {}, as many as it may", limit_));
      pause_for(std::chrono::milliseconds(50));
      return;
    }
    UniqueFd client(::accept4(fd_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!client.valid()) {
      if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
        complain(std::strerror(errno));
        pause_for(std::chrono::milliseconds(100));
      }
      return;
    }
    accepted_(std::move(client));
  }
}

Result<std::vector<sockaddr_storage>> resolve(const std::string& host, std::uint16_t port) {
  if (auto numeric = lookup(host, port, AI_NUMERICHOST)) return numeric;
  if (host == "localhost") return lookup("127.0.0.1", port, AI_NUMERICHOST);
  return lookup(host, port, AI_ADDRCONFIG);
}

Result<UniqueFd> begin_connect(const sockaddr_storage& address) {
  UniqueFd fd(::socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.valid()) return base::errno_error(errno, "cannot make a socket");
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), size_of(address)) != 0 && errno != EINPROGRESS) {
    return fail(ErrorCode::kUnavailable,
                fmt::format("cannot connect to {}: {}", address_text(address), std::strerror(errno)));
  }
  return fd;
}

std::shared_ptr<TcpConnection> wrap_tcp(std::shared_ptr<Connection> connection) {
  return std::make_shared<Tcp>(std::move(connection));
}

void start_tcp(const std::shared_ptr<Connection>& connection, ClientRuntime::TcpHandler handler,
               std::function<void(Result<std::shared_ptr<TcpConnection>>)> opened) {
  struct Shared {
    ClientRuntime::TcpHandler handler;
    std::function<void(Result<std::shared_ptr<TcpConnection>>)> opened;
  };
  const auto shared = std::make_shared<Shared>(Shared{std::move(handler), std::move(opened)});
  const std::weak_ptr<Connection> weak = connection;
  connection->start({.on_open =
                         [shared, weak] {
                           if (const auto open = std::exchange(shared->opened, nullptr)) open(wrap_tcp(weak.lock()));
                         },
                     .on_data =
                         [shared](std::string_view bytes) {
                           if (shared->handler.on_data) shared->handler.on_data(std::string(bytes));
                         },
                     .on_writable =
                         [shared] {
                           if (shared->handler.on_writable) shared->handler.on_writable();
                         },
                     .on_closed =
                         [shared](base::Error reason) {
                           if (const auto open = std::exchange(shared->opened, nullptr)) {
                             open(std::move(reason));
                           } else if (shared->handler.on_closed) {
                             shared->handler.on_closed(reason.message());
                           }
                         }});
}

}  // namespace slipway::net
