#include "net/connection.h"

#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <cstring>
#include <fmt/core.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>

#include "base/files.h"
#include "net/websocket.h"

namespace slipway::net {

using base::Error;
using base::ErrorCode;
using base::fail;

namespace {

constexpr int kReadsPerEvent = 8;  // then others get their turn
constexpr std::size_t kRecordBytes = EventLoop::kWriteBufferBytes;
constexpr std::size_t kWriteBytes = 256u << 10;  // of one large part at a time
constexpr std::size_t kKeptParts = 64;           // longer queues give their memory back when they are empty
constexpr std::size_t kLingerBytes = 1u << 20;   // read and thrown away after our last words
constexpr std::chrono::milliseconds kLinger{1'000};
constexpr std::chrono::milliseconds kLastFlush{10'000};  // without progress, for a peer that reads while we close
constexpr int kWritesPerFlush = 64;

}  // namespace

std::string address_text(const sockaddr_storage& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (address.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(address);
    inet_ntop(AF_INET, &v4.sin_addr, text.data(), text.size());
    return fmt::format("{}:{}", text.data(), ntohs(v4.sin_port));
  }
  if (address.ss_family == AF_INET6) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address);
    inet_ntop(AF_INET6, &v6.sin6_addr, text.data(), text.size());
    return fmt::format("[{}]:{}", text.data(), ntohs(v6.sin6_port));
  }
  return "";
}

Connection::Connection(std::shared_ptr<EventLoop> loop, base::UniqueFd fd, SslHandle tls, Options options)
    : loop_(std::move(loop)), fd_(std::move(fd)), tls_(std::move(tls)), options_(options) {
  const int on = 1;
  ::setsockopt(fd_.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  ::setsockopt(fd_.get(), SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
  sockaddr_storage address{};
  socklen_t size = sizeof(address);
  if (::getpeername(fd_.get(), reinterpret_cast<sockaddr*>(&address), &size) == 0) {
    peer_address_ = address_text(address);
  }
}

Connection::~Connection() = default;

void Connection::start(ConnectionHandler handler) {
  handler_ = std::move(handler);
  const auto self = shared_from_this();
  interest_ = options_.connecting ? EPOLLOUT : EPOLLIN;
  registration_ = loop_->watch(fd_.get(), interest_, self);
  if (registration_ == 0) {
    shut_down(fail(ErrorCode::kUnavailable, "cannot watch the socket"));
    return;
  }
  open_timer_ = loop_->add_timer(options_.open_timeout, [self] {
    self->open_timer_ = 0;
    const char* what =
        self->state_ == State::kConnecting ? "the connection was not made in time" : "the TLS handshake took too long";
    self->shut_down(fail(ErrorCode::kTimeout, what));
  });
  if (!options_.connecting) finish_connect();
}

void Connection::finish_connect() {
  if (options_.connecting) {
    int error = 0;
    socklen_t size = sizeof(error);
    ::getsockopt(fd_.get(), SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) {
      shut_down(fail(ErrorCode::kUnavailable, fmt::format("cannot connect: {}", std::strerror(error))));
      return;
    }
  }
  state_ = State::kHandshaking;
  if (tls_) {
    continue_handshake();
  } else {
    open();
  }
}

void Connection::continue_handshake() {
  ERR_clear_error();
  const int result = SSL_do_handshake(tls_.get());
  if (result == 1) {
    open();
    return;
  }
  switch (SSL_get_error(tls_.get(), result)) {
    case SSL_ERROR_WANT_READ:
      watch_for(EPOLLIN);
      return;
    case SSL_ERROR_WANT_WRITE:
      watch_for(EPOLLOUT);
      return;
    case SSL_ERROR_SSL: {
      // The alert is already in the socket; a hard close now could overtake it.
      const std::lock_guard lock(mutex_);
      close_reason_ = tls_error(tls_.get(), "TLS handshake");
      failed_handshake_ = true;
      closing_ = true;
      break;
    }
    default:
      shut_down(fail(ErrorCode::kUnavailable, "the peer left during the TLS handshake"));
      return;
  }
  begin_linger();
}

void Connection::open() {
  state_ = State::kOpen;
  loop_->cancel_timer(open_timer_);
  open_timer_ = 0;
  const auto self = shared_from_this();
  watch_for(EPOLLIN);
  if (handler_.on_open) handler_.on_open();
  if (state_ != State::kOpen) return;
  flush();
  if (state_ == State::kOpen && tls_) read_some();  // the handshake may have read data along
}

void Connection::on_io(std::uint32_t epoll_events) {
  const auto self = shared_from_this();
  switch (state_) {
    case State::kConnecting:
      finish_connect();
      return;
    case State::kHandshaking:
      continue_handshake();
      return;
    case State::kLingering:
      discard_input();
      return;
    case State::kClosed:
      return;
    case State::kOpen:
      break;
  }
  bool paused = false;
  {
    const std::lock_guard lock(mutex_);
    paused = paused_ || closing_;
  }
  if (paused && (epoll_events & (EPOLLHUP | EPOLLERR)) != 0) {
    shut_down(fail(ErrorCode::kUnavailable, "the connection was reset"));
    return;
  }
  if (paused) {
    update_interest();
  } else if ((epoll_events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) {
    read_some();
  }
  if (state_ == State::kOpen && (epoll_events & EPOLLOUT) != 0) {
    if (tls_wants_write_ && !paused) read_some();
    if (state_ == State::kOpen) flush();
  }
}

Connection::ReadResult Connection::read_once() {
  std::vector<char>& buffer = loop_->read_buffer();
  if (tls_) {
    ERR_clear_error();
    std::size_t count = 0;
    const int result = SSL_read_ex(tls_.get(), buffer.data(), buffer.size(), &count);
    if (result == 1) {
      handler_.on_data({buffer.data(), count});
      return ReadResult::kMore;
    }
    switch (SSL_get_error(tls_.get(), result)) {
      case SSL_ERROR_WANT_READ:
        tls_wants_write_ = false;
        return ReadResult::kBlocked;
      case SSL_ERROR_WANT_WRITE:
        tls_wants_write_ = true;
        return ReadResult::kBlocked;
      case SSL_ERROR_ZERO_RETURN:
        shut_down(fail(ErrorCode::kUnavailable, "the peer closed the connection"));
        return ReadResult::kEnded;
      case SSL_ERROR_SSL:
        shut_down(tls_error(tls_.get(), "TLS"));
        return ReadResult::kEnded;
      default:
        shut_down(fail(ErrorCode::kUnavailable, "the connection was reset"));
        return ReadResult::kEnded;
    }
  }
  const ssize_t count = ::recv(fd_.get(), buffer.data(), buffer.size(), 0);
  if (count > 0) {
    handler_.on_data({buffer.data(), static_cast<std::size_t>(count)});
    return ReadResult::kMore;
  }
  if (count == 0) {
    shut_down(fail(ErrorCode::kUnavailable, "the peer closed the connection"));
    return ReadResult::kEnded;
  }
  if (errno == EAGAIN || errno == EINTR) return ReadResult::kBlocked;
  shut_down(fail(ErrorCode::kUnavailable, fmt::format("the connection broke: {}", std::strerror(errno))));
  return ReadResult::kEnded;
}

void Connection::read_some() {
  for (int i = 0; i < kReadsPerEvent; ++i) {
    if (state_ != State::kOpen) return;
    {
      const std::lock_guard lock(mutex_);
      if (paused_ || closing_) break;
    }
    const ReadResult result = read_once();
    if (result == ReadResult::kEnded) return;
    if (result == ReadResult::kBlocked) {
      update_interest();
      return;
    }
  }
  if (state_ != State::kOpen) return;
  update_interest();
  // epoll knows nothing of bytes that OpenSSL already took from the socket.
  const std::lock_guard lock(mutex_);
  if (tls_ && !paused_ && !closing_ && SSL_has_pending(tls_.get()) == 1) post(&Connection::continue_reading);
}

void Connection::continue_reading() {
  if (state_ != State::kOpen) return;
  update_interest();
  read_some();
}

bool Connection::send(std::string bytes, std::size_t backlog_limit) {
  if (bytes.empty()) return !is_closed();
  std::vector<SharedBytes> parts;
  parts.push_back(std::make_shared<const std::string>(std::move(bytes)));
  return send(std::move(parts), backlog_limit);
}

bool Connection::send(std::vector<SharedBytes> parts, std::size_t backlog_limit) {
  std::erase_if(parts, [](const SharedBytes& part) { return part->empty(); });
  std::size_t size = 0;
  for (const SharedBytes& part : parts) size += part->size();
  const std::lock_guard lock(mutex_);
  if (closing_ || closed_) return false;
  if (backlog_ + size > backlog_limit) return false;
  if (size == 0) return true;
  backlog_ += size;
  if (backlog_ > kWritableBytes) was_above_writable_ = true;
  if (pending_.empty()) {
    pending_ = std::move(parts);
  } else {
    pending_.insert(pending_.end(), std::make_move_iterator(parts.begin()), std::make_move_iterator(parts.end()));
  }
  if (!flush_posted_) {
    flush_posted_ = true;
    post(&Connection::flush);
  }
  return true;
}

void Connection::take_pending() {
  const std::lock_guard lock(mutex_);
  flush_posted_ = false;
  if (!has_output()) {
    out_.clear();
    out_first_ = 0;
    out_.swap(pending_);
  } else {
    // A stream that never runs dry must not keep what it sent.
    if (out_first_ > out_.size() / 2) {
      out_.erase(out_.begin(), out_.begin() + static_cast<std::ptrdiff_t>(std::exchange(out_first_, 0)));
    }
    out_.insert(out_.end(), std::make_move_iterator(pending_.begin()), std::make_move_iterator(pending_.end()));
    pending_.clear();
  }
}

// What goes into one write: small parts are joined up to one TLS record. After a write that blocked the same bytes come
// again, perhaps with more behind them, as OpenSSL wants it.
std::string_view Connection::next_output() {
  const std::string_view first = std::string_view(*out_[out_first_]).substr(out_offset_);
  if (first.size() >= kRecordBytes || out_first_ + 1 == out_.size()) return first.substr(0, kWriteBytes);
  std::vector<char>& joined = loop_->write_buffer();
  std::size_t size = 0;
  for (std::size_t at = out_first_; at < out_.size() && size < kRecordBytes; ++at) {
    const std::string_view part = at == out_first_ ? first : std::string_view(*out_[at]);
    const std::size_t count = std::min(part.size(), kRecordBytes - size);
    std::memcpy(joined.data() + size, part.data(), count);
    size += count;
  }
  return {joined.data(), size};
}

void Connection::drop_written(std::size_t count) {
  while (count > 0) {
    const std::size_t left = out_[out_first_]->size() - out_offset_;
    if (count < left) {
      out_offset_ += count;
      return;
    }
    count -= left;
    out_[out_first_++].reset();
    out_offset_ = 0;
  }
  if (has_output()) return;
  out_.clear();
  out_first_ = 0;
  if (out_.capacity() > kKeptParts) out_.shrink_to_fit();
}

bool Connection::write_some() {
  const std::string_view output = next_output();
  std::size_t written = 0;
  if (tls_) {
    ERR_clear_error();
    const int result = SSL_write_ex(tls_.get(), output.data(), output.size(), &written);
    if (result != 1) {
      const int error = SSL_get_error(tls_.get(), result);
      if (error != SSL_ERROR_WANT_WRITE && error != SSL_ERROR_WANT_READ) {
        shut_down(fail(ErrorCode::kUnavailable, "the connection broke while writing"));
      }
      return false;
    }
  } else {
    const ssize_t count = ::send(fd_.get(), output.data(), output.size(), MSG_NOSIGNAL);
    if (count < 0) {
      if (errno != EAGAIN && errno != EINTR) {
        shut_down(fail(ErrorCode::kUnavailable, fmt::format("the connection broke: {}", std::strerror(errno))));
      }
      return false;
    }
    written = static_cast<std::size_t>(count);
  }
  drop_written(written);
  const std::lock_guard lock(mutex_);
  backlog_ -= written;
  return true;
}

void Connection::flush() {
  if (state_ == State::kClosed || state_ == State::kLingering) return;
  take_pending();
  if (state_ != State::kOpen) return;
  const auto self = shared_from_this();
  bool progress = false;
  for (int i = 0; i < kWritesPerFlush && state_ == State::kOpen && has_output(); ++i) {
    if (!write_some()) break;
    progress = true;
  }
  if (state_ != State::kOpen) return;
  if (progress || !has_output()) {
    loop_->cancel_timer(write_timer_);
    write_timer_ = 0;
    if (linger_timer_ != 0) arm_linger_timer(kLastFlush);
  }
  arm_write_timer();
  update_interest();
  after_flush();
}

void Connection::after_flush() {
  bool tell = false;
  bool end = false;
  {
    const std::lock_guard lock(mutex_);
    if (was_above_writable_ && backlog_ < kWritableBytes) {
      was_above_writable_ = false;
      tell = !closing_;
    }
    end = closing_ && pending_.empty() && !has_output();
  }
  if (tell && handler_.on_writable) handler_.on_writable();
  if (end && state_ == State::kOpen) begin_linger();
}

void Connection::arm_write_timer() {
  if (!has_output() || write_timer_ != 0 || options_.write_timeout.count() == 0) return;
  const auto self = shared_from_this();
  write_timer_ = loop_->add_timer(options_.write_timeout, [self] {
    self->write_timer_ = 0;
    self->shut_down(fail(ErrorCode::kTimeout, "the peer does not read what we send"));
  });
}

void Connection::arm_linger_timer(std::chrono::milliseconds time) {
  loop_->cancel_timer(linger_timer_);
  linger_timer_ = loop_->add_timer(time, [self = shared_from_this()] {
    self->linger_timer_ = 0;
    self->shut_down(self->close_reason_);
  });
}

void Connection::watch_for(std::uint32_t epoll_events) {
  if (interest_ == epoll_events || registration_ == 0) return;
  interest_ = epoll_events;
  loop_->change(registration_, fd_.get(), epoll_events);
}

void Connection::update_interest() {
  std::uint32_t wanted = 0;
  {
    const std::lock_guard lock(mutex_);
    if (!paused_ && !closing_) wanted |= EPOLLIN;
  }
  if (has_output() || tls_wants_write_) wanted |= EPOLLOUT;
  watch_for(wanted);
}

std::size_t Connection::backlog() const {
  const std::lock_guard lock(mutex_);
  return backlog_;
}

bool Connection::is_closed() const {
  const std::lock_guard lock(mutex_);
  return closing_ || closed_;
}

void Connection::pause_reading() {
  const std::lock_guard lock(mutex_);
  paused_ = true;  // the loop drops its interest when it next sees data
}

void Connection::resume_reading() {
  const std::lock_guard lock(mutex_);
  if (!paused_) return;
  paused_ = false;
  post(&Connection::continue_reading);
}

void Connection::close(std::string_view reason) {
  const std::lock_guard lock(mutex_);
  if (closing_ || closed_) return;
  closing_ = true;
  close_reason_ = fail(ErrorCode::kCancelled, std::string(reason));
  post(&Connection::linger_now);
}

void Connection::linger_now() {
  if (state_ == State::kConnecting || state_ == State::kHandshaking) {
    shut_down(close_reason_);
    return;
  }
  if (state_ != State::kOpen) return;
  arm_linger_timer(kLastFlush);
  flush();
}

void Connection::close_idle(std::string_view reason) {
  int untaken = 0;
  const bool all_taken = backlog() == 0 && ::ioctl(fd_.get(), SIOCOUTQ, &untaken) == 0 && untaken == 0;
  if (state_ != State::kOpen || !all_taken) return close(reason);
  if (tls_) {
    ERR_clear_error();
    SSL_shutdown(tls_.get());
  }
  shut_down(fail(ErrorCode::kCancelled, std::string(reason)));
}

void Connection::abort(std::string_view reason) {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  const auto self = shared_from_this();
  loop_->post([self, text = std::string(reason)] { self->shut_down(fail(ErrorCode::kCancelled, text)); });
}

void Connection::begin_linger() {
  if (tls_ && !failed_handshake_) {
    ERR_clear_error();
    SSL_shutdown(tls_.get());
  }
  ::shutdown(fd_.get(), SHUT_WR);
  state_ = State::kLingering;
  loop_->cancel_timer(write_timer_);
  loop_->cancel_timer(open_timer_);
  write_timer_ = open_timer_ = 0;
  watch_for(EPOLLIN);
  arm_linger_timer(kLinger);
  discard_input();
}

void Connection::discard_input() {
  std::vector<char>& buffer = loop_->read_buffer();
  for (int i = 0; i < kReadsPerEvent; ++i) {
    const ssize_t count = ::recv(fd_.get(), buffer.data(), buffer.size(), 0);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (count > 0) discarded_ += static_cast<std::size_t>(count);
    if (count <= 0 || discarded_ > kLingerBytes) {
      shut_down(close_reason_);
      return;
    }
  }
}

void Connection::shut_down(Error reason) {
  if (state_ == State::kClosed) return;
  const auto self = shared_from_this();
  state_ = State::kClosed;
  loop_->cancel_timer(open_timer_);
  loop_->cancel_timer(write_timer_);
  loop_->cancel_timer(linger_timer_);
  if (registration_ != 0) loop_->forget(registration_, fd_.get());
  registration_ = 0;
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    backlog_ = 0;
    pending_.clear();
  }
  out_.clear();
  out_first_ = 0;
  tls_.reset();
  ::shutdown(fd_.get(), SHUT_RDWR);
  const ConnectionHandler handler = std::exchange(handler_, {});
  if (handler.on_closed) handler.on_closed(std::move(reason));
}

void Connection::on_loop_stop() {
  shut_down(fail(ErrorCode::kCancelled, "shutting down"));
}

void Connection::post(void (Connection::*action)()) {
  loop_->post([self = shared_from_this(), action] { ((*self).*action)(); });
}

}  // namespace slipway::net
