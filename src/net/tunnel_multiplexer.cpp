#include <algorithm>
#include <deque>
#include <fmt/core.h>
#include <map>
#include <mutex>
#include <vector>

#include "net/tunnel.h"

namespace slipway::net {

using base::ErrorCode;
using base::fail;
using base::Result;

namespace {

// Data stops when this much waits in the websocket, so that control messages never queue behind bulk data.
constexpr std::size_t kSocketBacklog = 1u << 20;
constexpr std::size_t kMaxCloseReason = 200;

std::string window_payload(std::size_t bytes) {
  std::string payload;
  for (int shift = 24; shift >= 0; shift -= 8) payload += static_cast<char>((bytes >> shift) & 0xff);
  return payload;
}

std::size_t read_window(std::string_view payload) {
  std::size_t value = 0;
  for (const char c : payload) value = (value << 8) | static_cast<unsigned char>(c);
  return value;
}

class Multiplexer;

// The state of one stream. Guarded by the multiplexer's mutex, but for the callbacks, which `delivering` serialises.
class Stream final : public TunnelStream, public std::enable_shared_from_this<Stream> {
 public:
  Stream(std::shared_ptr<Multiplexer> multiplexer, std::uint32_t id) : multiplexer_(std::move(multiplexer)), id_(id) {}

  void start(TunnelStreamHandler handler) override;
  bool send(std::string bytes) override;
  std::size_t backlog() const override;
  void pause_reading() override;
  void resume_reading() override;
  void close(std::string_view reason) override;

 private:
  friend class Multiplexer;
  const std::shared_ptr<Multiplexer> multiplexer_;
  const std::uint32_t id_;

  TunnelStreamHandler handler_;
  bool started_ = false;
  bool paused_ = false;
  bool delivering_ = false;

  std::deque<std::string> unsent_;
  std::size_t unsent_bytes_ = 0;
  std::size_t credit_ = kTunnelWindow;  // what the peer lets us send
  bool was_full_ = false;
  bool writable_due_ = false;
  bool closing_ = false;  // own close() was called: a close frame follows the last data
  std::string closing_reason_;

  std::deque<std::string> received_;
  std::size_t peer_credit_ = kTunnelWindow;  // what we let the peer send
  std::size_t consumed_ = 0;                 // delivered since the last window frame
  bool ended_ = false;                       // the peer closed, or the websocket went
  std::string end_reason_;
  bool end_told_ = false;
};

class Multiplexer final : public TunnelMultiplexer, public std::enable_shared_from_this<Multiplexer> {
 public:
  explicit Multiplexer(TunnelMultiplexerOptions options) : options_(std::move(options)) {}

  void attach(std::shared_ptr<WebSocket> socket) override;
  void receive(std::string_view message) override;
  void writable() override;
  void shutdown(std::string_view reason) override;
  Result<std::shared_ptr<TunnelStream>> open(std::string_view target) override;
  std::size_t stream_count() const override;

  // Called by the streams.
  void start(const std::shared_ptr<Stream>& stream, TunnelStreamHandler handler);
  bool send(const std::shared_ptr<Stream>& stream, std::string bytes);
  std::size_t backlog(const Stream& stream) const;
  void set_paused(const std::shared_ptr<Stream>& stream, bool paused);
  void close(const std::shared_ptr<Stream>& stream, std::string_view reason);

 private:
  using Lock = std::unique_lock<std::mutex>;

  void deliver(const std::shared_ptr<Stream>& stream);
  void pump(Lock& lock);
  bool pump_stream(Stream& stream);
  bool push_control();
  void queue_control(std::uint32_t id, TunnelFrameKind kind, std::string_view payload);
  void accept_stream(const TunnelFrame& frame);
  base::Status take_data(const TunnelFrame& frame, std::shared_ptr<Stream>& stream);
  base::Status take_frame(const TunnelFrame& frame, std::shared_ptr<Stream>& stream);
  void end_stream(Stream& stream, std::string_view reason);

  const TunnelMultiplexerOptions options_;
  mutable std::mutex mutex_;
  std::shared_ptr<WebSocket> socket_;
  bool down_ = false;
  std::map<std::uint32_t, std::shared_ptr<Stream>> streams_;
  std::uint32_t next_id_ = 1;    // initiator: the next stream's; acceptor: below it all were opened
  std::uint32_t next_turn_ = 0;  // round robin over streams with unsent data
  std::deque<std::string> control_;
};

void Stream::start(TunnelStreamHandler handler) {
  multiplexer_->start(shared_from_this(), std::move(handler));
}
bool Stream::send(std::string bytes) {
  return multiplexer_->send(shared_from_this(), std::move(bytes));
}
std::size_t Stream::backlog() const {
  return multiplexer_->backlog(*this);
}
void Stream::pause_reading() {
  multiplexer_->set_paused(shared_from_this(), true);
}
void Stream::resume_reading() {
  multiplexer_->set_paused(shared_from_this(), false);
}
void Stream::close(std::string_view reason) {
  multiplexer_->close(shared_from_this(), reason);
}

void Multiplexer::attach(std::shared_ptr<WebSocket> socket) {
  Lock lock(mutex_);
  if (down_) return;
  socket_ = std::move(socket);
  pump(lock);
}

std::size_t Multiplexer::stream_count() const {
  const Lock lock(mutex_);
  return streams_.size();
}

std::size_t Multiplexer::backlog(const Stream& stream) const {
  const Lock lock(mutex_);
  return stream.unsent_bytes_;
}

Result<std::shared_ptr<TunnelStream>> Multiplexer::open(std::string_view target) {
  Lock lock(mutex_);
  if (down_) return fail(ErrorCode::kUnavailable, "the tunnel's connection is gone");
  if (streams_.size() >= options_.max_streams) {
    return fail(ErrorCode::kTooManyRequests, fmt::format("the tunnel has {} streams already", streams_.size()));
  }
  const std::uint32_t id = next_id_++;
  auto stream = std::make_shared<Stream>(shared_from_this(), id);
  streams_.emplace(id, stream);
  queue_control(id, TunnelFrameKind::kOpen, target);
  pump(lock);
  return stream;
}

void Multiplexer::start(const std::shared_ptr<Stream>& stream, TunnelStreamHandler handler) {
  {
    const Lock lock(mutex_);
    stream->handler_ = std::move(handler);
    stream->started_ = true;
  }
  deliver(stream);
}

bool Multiplexer::send(const std::shared_ptr<Stream>& stream, std::string bytes) {
  Lock lock(mutex_);
  if (stream->closing_ || stream->ended_) return false;
  if (bytes.empty()) return true;
  stream->unsent_bytes_ += bytes.size();
  stream->unsent_.push_back(std::move(bytes));
  if (stream->unsent_bytes_ >= kTunnelWindow / 2) stream->was_full_ = true;
  pump(lock);
  lock.unlock();
  deliver(stream);
  return true;
}

void Multiplexer::set_paused(const std::shared_ptr<Stream>& stream, bool paused) {
  {
    const Lock lock(mutex_);
    stream->paused_ = paused;
  }
  if (!paused) deliver(stream);
}

void Multiplexer::close(const std::shared_ptr<Stream>& stream, std::string_view reason) {
  Lock lock(mutex_);
  if (stream->closing_ || stream->ended_) return;
  stream->closing_ = true;
  stream->closing_reason_ = reason.substr(0, kMaxCloseReason);
  stream->received_.clear();
  stream->end_told_ = true;  // the caller knows
  pump(lock);
  lock.unlock();
  deliver(stream);  // lets go of the callbacks
}

void Multiplexer::queue_control(std::uint32_t id, TunnelFrameKind kind, std::string_view payload) {
  control_.push_back(encode_tunnel_frame(id, kind, payload));
}

// Hands what was received (and then the end) to the stream's owner, one callback at a time, whoever comes first.
void Multiplexer::deliver(const std::shared_ptr<Stream>& stream) {
  Lock lock(mutex_);
  if (stream->delivering_ || !stream->started_) return;
  stream->delivering_ = true;
  for (;;) {
    if (!stream->received_.empty() && !stream->paused_ && !stream->end_told_) {
      std::string bytes = std::move(stream->received_.front());
      stream->received_.pop_front();
      stream->consumed_ += bytes.size();
      if (stream->consumed_ >= kTunnelWindow / 4 && !stream->ended_ && !down_) {
        queue_control(stream->id_, TunnelFrameKind::kWindow, window_payload(stream->consumed_));
        stream->peer_credit_ += stream->consumed_;
        stream->consumed_ = 0;
        pump(lock);
      }
      lock.unlock();
      stream->handler_.on_data(std::move(bytes));
      lock.lock();
      continue;
    }
    if (stream->writable_due_ && !stream->end_told_) {
      stream->writable_due_ = false;
      lock.unlock();
      if (stream->handler_.on_writable) stream->handler_.on_writable();
      lock.lock();
      continue;
    }
    if (stream->ended_ && stream->received_.empty() && !stream->end_told_) {
      stream->end_told_ = true;
      const std::string reason = stream->end_reason_;
      lock.unlock();
      if (stream->handler_.on_closed) stream->handler_.on_closed(reason);
      lock.lock();
      continue;
    }
    break;
  }
  stream->delivering_ = false;
  if (!stream->end_told_) return;
  // The callbacks may hold the last references to their owner, which may call back: let go outside the lock.
  const TunnelStreamHandler finished = std::exchange(stream->handler_, {});
  stream->started_ = false;
  lock.unlock();
}

bool Multiplexer::push_control() {
  while (!control_.empty()) {
    if (!socket_->send_binary(control_.front())) return false;
    control_.pop_front();
  }
  return true;
}

// Sends at most one data frame of the stream, or its close; true when it did something.
bool Multiplexer::pump_stream(Stream& stream) {
  if (!stream.unsent_.empty() && stream.credit_ > 0) {
    std::string& front = stream.unsent_.front();
    const std::size_t size = std::min({front.size(), stream.credit_, kTunnelFrameBytes});
    if (!socket_->send_binary(
            encode_tunnel_frame(stream.id_, TunnelFrameKind::kData, std::string_view(front).substr(0, size)))) {
      return false;
    }
    stream.credit_ -= size;
    stream.unsent_bytes_ -= size;
    if (size == front.size()) {
      stream.unsent_.pop_front();
    } else {
      front.erase(0, size);
    }
    if (stream.was_full_ && stream.unsent_bytes_ < kTunnelWindow / 2) {
      stream.was_full_ = false;
      stream.writable_due_ = true;
    }
    return true;
  }
  if (stream.closing_ && stream.unsent_.empty() && !stream.ended_) {
    queue_control(stream.id_, TunnelFrameKind::kClose, stream.closing_reason_);
    stream.ended_ = true;
    return true;
  }
  return false;
}

// Sends what credit and the websocket allow, one frame per stream and turn.
void Multiplexer::pump(Lock&) {
  if (!socket_ || down_ || !push_control()) return;
  bool progress = true;
  while (progress && socket_->backlog() < kSocketBacklog) {
    progress = false;
    auto it = streams_.upper_bound(next_turn_);
    for (std::size_t left = streams_.size(); left > 0 && socket_->backlog() < kSocketBacklog; --left) {
      if (it == streams_.end()) it = streams_.begin();
      const std::shared_ptr<Stream> stream = it->second;
      next_turn_ = stream->id_;
      ++it;
      if (pump_stream(*stream)) progress = true;
      if (stream->ended_ && stream->closing_) streams_.erase(stream->id_);
      if (streams_.empty()) break;
    }
    if (!push_control()) return;
  }
}

void Multiplexer::writable() {
  std::vector<std::shared_ptr<Stream>> due;
  {
    Lock lock(mutex_);
    pump(lock);
    for (const auto& [id, stream] : streams_) {
      if (stream->writable_due_) due.push_back(stream);
    }
  }
  for (const auto& stream : due) deliver(stream);
}

void Multiplexer::end_stream(Stream& stream, std::string_view reason) {
  stream.ended_ = true;
  stream.end_reason_ = reason;
  stream.unsent_.clear();
  stream.unsent_bytes_ = 0;
}

base::Status Multiplexer::take_frame(const TunnelFrame& frame, std::shared_ptr<Stream>& stream) {
  const auto found = streams_.find(frame.stream);
  if (found == streams_.end()) {
    // A stream that we closed while the peer still sent is fine; one that never was is not.
    if (frame.stream >= next_id_) return fail(ErrorCode::kBadRequest, "a frame of a stream that was never opened");
    return {};
  }
  stream = found->second;
  switch (frame.kind) {
    case TunnelFrameKind::kOpen:
      return fail(ErrorCode::kBadRequest, "a stream that was opened twice");
    case TunnelFrameKind::kData:
      if (frame.payload.size() > stream->peer_credit_) {
        return fail(ErrorCode::kBadRequest, "more data than the stream's window allows");
      }
      stream->peer_credit_ -= frame.payload.size();
      if (!stream->closing_ && !frame.payload.empty()) stream->received_.emplace_back(frame.payload);
      return {};
    case TunnelFrameKind::kWindow: {
      const std::size_t more = read_window(frame.payload);
      if (more > kTunnelWindow || stream->credit_ + more > kTunnelWindow) {
        return fail(ErrorCode::kBadRequest, "more credit than a window");
      }
      stream->credit_ += more;
      return {};
    }
    case TunnelFrameKind::kClose:
      end_stream(*stream, frame.payload.substr(0, kMaxCloseReason));
      streams_.erase(frame.stream);
      return {};
  }
  return {};
}

void Multiplexer::accept_stream(const TunnelFrame& frame) {
  std::shared_ptr<Stream> stream;
  {
    Lock lock(mutex_);
    if (frame.stream < next_id_ || !options_.on_open) {
      lock.unlock();
      shutdown("the peer opened a stream against the rules");
      return;
    }
    next_id_ = frame.stream + 1;
    if (streams_.size() >= options_.max_streams) {
      queue_control(frame.stream, TunnelFrameKind::kClose, "too many streams");
      pump(lock);
      return;
    }
    stream = std::make_shared<Stream>(shared_from_this(), frame.stream);
    streams_.emplace(frame.stream, stream);
  }
  options_.on_open(std::string(frame.payload), stream);
}

void Multiplexer::receive(std::string_view message) {
  const Result<TunnelFrame> frame = decode_tunnel_frame(message);
  if (!frame) {
    shutdown(frame.error().message());
    return;
  }
  if (frame->kind == TunnelFrameKind::kOpen) {
    accept_stream(*frame);
    return;
  }
  std::shared_ptr<Stream> stream;
  base::Status status;
  {
    Lock lock(mutex_);
    if (down_) return;
    status = take_frame(*frame, stream);
    if (status) pump(lock);
  }
  if (!status) {
    shutdown(status.error().message());
    return;
  }
  if (stream) deliver(stream);
}

void Multiplexer::shutdown(std::string_view reason) {
  std::map<std::uint32_t, std::shared_ptr<Stream>> streams;
  std::shared_ptr<WebSocket> socket;
  {
    const Lock lock(mutex_);
    if (down_) return;
    down_ = true;
    streams.swap(streams_);
    socket = std::move(socket_);
    control_.clear();
    for (const auto& [id, stream] : streams) end_stream(*stream, reason);
  }
  if (socket) socket->close(reason);
  for (const auto& [id, stream] : streams) deliver(stream);
}

}  // namespace

std::shared_ptr<TunnelMultiplexer> TunnelMultiplexer::create(TunnelMultiplexerOptions options) {
  return std::make_shared<Multiplexer>(std::move(options));
}

}  // namespace slipway::net
