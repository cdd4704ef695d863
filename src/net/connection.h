#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "net/event_loop.h"
#include "net/http_message.h"
#include "net/tls_context.h"

namespace slipway::net {

// All of these come from the loop's thread. on_closed is the last one and comes exactly once.
struct ConnectionHandler {
  std::function<void()> on_open;  // connected and, with TLS, the handshake done
  std::function<void(std::string_view bytes)> on_data;
  std::function<void()> on_writable;  // backlog() fell below kWritableBytes after it had been above
  std::function<void(base::Error reason)> on_closed;
};

// A TCP socket, plain or with TLS, on one EventLoop: buffered writes with a bound, reads with back-pressure, an end
// that is told exactly once. Internal to net.
//
// Threads: send, backlog, pause_reading, resume_reading, close, abort from any; the rest on the loop's thread. Keeps
// itself alive until it is closed.
class Connection final : public IoTarget, public std::enable_shared_from_this<Connection> {
 public:
  struct Options {
    std::chrono::milliseconds open_timeout{10'000};  // connect and handshake together
    std::chrono::milliseconds write_timeout{0};      // unsent bytes without any progress; 0 = wait for ever
    bool connecting = false;                         // the socket's connect() is still under way
  };
  Connection(std::shared_ptr<EventLoop> loop, base::UniqueFd fd, SslHandle tls, Options options);
  ~Connection() override;

  void start(ConnectionHandler handler);
  ssl_st* tls() { return tls_.get(); }
  EventLoop& loop() { return *loop_; }
  const std::shared_ptr<EventLoop>& shared_loop() const { return loop_; }
  std::string peer_address() const { return peer_address_; }

  // False when closed or closing, or when the unsent bytes would exceed `backlog_limit`.
  bool send(std::string bytes, std::size_t backlog_limit);
  // All parts or none; they are not copied.
  bool send(std::vector<SharedBytes> parts, std::size_t backlog_limit);
  std::size_t backlog() const;
  bool is_closed() const;
  void pause_reading();
  void resume_reading();
  // Sends what was taken, ends our direction, waits a moment for the peer's end (so that it reads our last words).
  void close(std::string_view reason);
  // The same for a peer that owes us nothing: when it has taken all we sent, its end is not waited for. Loop's thread.
  void close_idle(std::string_view reason);
  void abort(std::string_view reason);

  void on_io(std::uint32_t epoll_events) override;
  void on_loop_stop() override;

 private:
  bool has_output() const { return out_first_ < out_.size(); }
  enum class State { kConnecting, kHandshaking, kOpen, kLingering, kClosed };
  enum class ReadResult { kMore, kBlocked, kEnded };

  void finish_connect();
  void continue_handshake();
  void open();
  void read_some();
  ReadResult read_once();
  void discard_input();
  void flush();
  void take_pending();
  std::string_view next_output();
  bool write_some();
  void drop_written(std::size_t count);
  void after_flush();
  void begin_linger();
  void shut_down(base::Error reason);
  void watch_for(std::uint32_t epoll_events);
  void update_interest();
  void arm_write_timer();
  void arm_linger_timer(std::chrono::milliseconds time);
  void post(void (Connection::*action)());
  void continue_reading();
  void linger_now();

  const std::shared_ptr<EventLoop> loop_;
  const base::UniqueFd fd_;
  SslHandle tls_;
  const Options options_;
  ConnectionHandler handler_;
  std::string peer_address_;

  // Loop thread only.
  State state_ = State::kConnecting;
  EventLoop::RegistrationId registration_ = 0;
  std::uint32_t interest_ = 0;
  std::vector<SharedBytes> out_;  // from out_first_ on
  std::size_t out_first_ = 0;
  std::size_t out_offset_ = 0;  // in the first one
  bool tls_wants_write_ = false;
  bool failed_handshake_ = false;
  EventLoop::TimerId open_timer_ = 0;
  EventLoop::TimerId write_timer_ = 0;
  EventLoop::TimerId linger_timer_ = 0;
  std::size_t discarded_ = 0;

  mutable std::mutex mutex_;
  std::vector<SharedBytes> pending_;  // taken by send(), not yet seen by the loop
  std::size_t backlog_ = 0;
  bool was_above_writable_ = false;
  bool flush_posted_ = false;
  bool paused_ = false;
  bool closing_ = false;
  bool closed_ = false;
  base::Error close_reason_{base::ErrorCode::kCancelled, ""};
};

std::string address_text(const sockaddr_storage& address);

}  // namespace slipway::net
