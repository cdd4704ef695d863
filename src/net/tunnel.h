#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "net/websocket.h"

// Many byte streams over one websocket: how the orchestrator reaches a host's Kubernetes API without a route to it.
//
// Every stream is one binary message sequence: u32 stream id (big-endian), u8 kind, payload.
//   open   (1)  payload = target "host:port"; only the initiator opens, ids count up from 1
//   data   (2)  payload = bytes, never more than the receiver's credit
//   close  (3)  payload = reason (UTF-8, for the log); both directions end, data sent before it still arrives
//   window (4)  payload = u32 big-endian: that many more bytes may be sent
// Each direction starts with a credit of kTunnelWindow bytes. A peer that breaks these rules ends the whole websocket.
namespace slipway::net {

inline constexpr std::size_t kTunnelWindow = 256u << 10;
inline constexpr std::size_t kTunnelFrameBytes = 32u << 10;  // largest data payload we send

enum class TunnelFrameKind : std::uint8_t { kOpen = 1, kData = 2, kClose = 3, kWindow = 4 };

struct TunnelFrame {
  std::uint32_t stream = 0;
  TunnelFrameKind kind = TunnelFrameKind::kData;
  std::string_view payload;  // of the decoded bytes
};
std::string encode_tunnel_frame(std::uint32_t stream, TunnelFrameKind kind, std::string_view payload);
base::Result<TunnelFrame> decode_tunnel_frame(std::string_view bytes);  // kBadRequest for anything malformed

// Callbacks of one stream come one at a time and in order, from a network thread or from the thread that calls
// start(), resume() or send(); they must not block.
struct TunnelStreamHandler {
  std::function<void(std::string bytes)> on_data;
  std::function<void()> on_writable;                  // backlog() fell below half of kTunnelWindow again
  std::function<void(std::string reason)> on_closed;  // once, last; not after the own close()
};

// One end of a stream. Thread-safe. Dropping the last reference closes nothing: call close().
class TunnelStream {
 public:
  virtual ~TunnelStream() = default;
  // Sets the callbacks and begins delivery; what arrived before is delivered now.
  virtual void start(TunnelStreamHandler handler) = 0;
  // Takes the bytes (sent as credit allows); false when closed. Stop calling while backlog() > kTunnelWindow.
  virtual bool send(std::string bytes) = 0;
  virtual std::size_t backlog() const = 0;  // unsent bytes
  virtual void pause_reading() = 0;         // no on_data (and no new credit to the peer) until resume_reading
  virtual void resume_reading() = 0;
  // Ends both directions after the bytes that were already taken.
  virtual void close(std::string_view reason) = 0;
};

struct TunnelMultiplexerOptions {
  std::size_t max_streams = 256;
  // The acceptor's decision about a stream that the peer opens; runs on the network thread, must not block. Keep the
  // stream and start() it, or close() it with the reason. Null: this side is the initiator and nobody may open.
  std::function<void(std::string target, std::shared_ptr<TunnelStream> stream)> on_open;
};

// One per websocket and side. Thread-safe. Wire it up like this:
//   mux = TunnelMultiplexer::create(options);
//   WebSocketHandler{.on_binary = [mux](auto b) { mux->receive(b); }, .on_writable = [mux] { mux->writable(); },
//                    .on_closed = [mux](auto reason) { mux->shutdown(reason); }};
//   mux->attach(websocket);   // may come after the first receive()
class TunnelMultiplexer {
 public:
  static std::shared_ptr<TunnelMultiplexer> create(TunnelMultiplexerOptions options);
  virtual ~TunnelMultiplexer() = default;
  virtual void attach(std::shared_ptr<WebSocket> socket) = 0;
  // One binary message. A malformed one, or one against the rules, closes the websocket.
  virtual void receive(std::string_view message) = 0;
  virtual void writable() = 0;
  // Ends every stream with `reason` and lets go of the websocket. Idempotent.
  virtual void shutdown(std::string_view reason) = 0;
  // Initiator: a new stream to `target` on the peer's side. kUnavailable when the websocket is gone,
  // kTooManyRequests at max_streams. That the peer cannot reach the target shows as on_closed.
  virtual base::Result<std::shared_ptr<TunnelStream>> open(std::string_view target) = 0;
  virtual std::size_t stream_count() const = 0;
};

// Copies bytes both ways between a TCP connection and a stream until either ends, with back-pressure in both
// directions. The two halves are made in this order: tcp_handler() goes to connect_tcp or the listener, then
// start(connection). An idle bound is the caller's business (close() both).
class TunnelBridge : public std::enable_shared_from_this<TunnelBridge> {
 public:
  static std::shared_ptr<TunnelBridge> create(std::shared_ptr<TunnelStream> stream);
  virtual ~TunnelBridge() = default;
  virtual ClientRuntime::TcpHandler tcp_handler() = 0;
  virtual void start(std::shared_ptr<TcpConnection> connection) = 0;
  // Ends both sides.
  virtual void close(std::string_view reason) = 0;
  // Called once when both sides have ended. Set before start().
  virtual void on_finished(std::function<void()> callback) = 0;
  // Bytes that went through so far, both directions together (for idle bounds).
  virtual std::uint64_t transferred() const = 0;
};

// The acceptor's usual answer to on_open: connects to host:port from `runtime` and bridges the stream to it; closes the
// stream with the reason when the connection fails. Does not block.
void serve_tunnel_stream(ClientRuntime& runtime, std::shared_ptr<TunnelStream> stream, std::string_view host,
                         std::uint16_t port, std::chrono::milliseconds connect_timeout);

}  // namespace slipway::net
