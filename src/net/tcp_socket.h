#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/unique_fd.h"
#include "net/connection.h"
#include "net/event_loop.h"
#include "net/websocket.h"

// Sockets before they become a Connection. Internal to net.
namespace slipway::net {

struct ListeningSocket {
  base::UniqueFd fd;
  std::uint16_t port = 0;
};
// `address` is an IP address. kUnavailable names the address when it is taken.
base::Result<ListeningSocket> listen_on(const std::string& address, std::uint16_t port);

// Accepts on its loop until closed. While `limit` connections are open new ones wait in the kernel's queue, and the log
// says so, at most once a minute; likewise without file descriptors.
class Acceptor final : public IoTarget, public std::enable_shared_from_this<Acceptor> {
 public:
  using Accepted = std::function<void(base::UniqueFd)>;
  Acceptor(std::shared_ptr<EventLoop> loop, base::UniqueFd fd, std::size_t limit, std::function<std::size_t()> open,
           Accepted accepted);
  void start();  // any thread
  void stop();   // any thread; returns when nothing more is accepted
  void on_io(std::uint32_t epoll_events) override;
  void on_loop_stop() override;

 private:
  void pause_for(std::chrono::milliseconds time);
  void complain(const std::string& why);

  const std::shared_ptr<EventLoop> loop_;
  base::UniqueFd fd_;
  const std::size_t limit_;
  const std::function<std::size_t()> open_;
  Accepted accepted_;
  std::optional<std::chrono::steady_clock::time_point> complained_at_;
  EventLoop::RegistrationId registration_ = 0;
};

// Every address of a host name (blocks on DNS), or of an IP address (does not).
base::Result<std::vector<sockaddr_storage>> resolve(const std::string& host, std::uint16_t port);
// A non-blocking socket whose connect() was begun.
base::Result<base::UniqueFd> begin_connect(const sockaddr_storage& address);

// TcpConnection over a Connection.
std::shared_ptr<TcpConnection> wrap_tcp(std::shared_ptr<Connection> connection);
// `opened` comes once: with the connection when it is open, or with the reason why not; the handler's callbacks follow.
void start_tcp(const std::shared_ptr<Connection>& connection, ClientRuntime::TcpHandler handler,
               std::function<void(base::Result<std::shared_ptr<TcpConnection>>)> opened);

}  // namespace slipway::net
