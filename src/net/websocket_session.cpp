#include "net/websocket_session.h"

#include <array>
#include <fmt/core.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

namespace slipway::net {

namespace {

constexpr int kSilentIntervals = 3;
constexpr std::size_t kUnbounded = static_cast<std::size_t>(-1) / 2;

std::string base64(const unsigned char* bytes, std::size_t size) {
  std::string text(4 * ((size + 2) / 3) + 1, '\0');
  const int written = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), bytes, static_cast<int>(size));
  text.resize(static_cast<std::size_t>(written));
  return text;
}

}  // namespace

std::string websocket_accept_key(std::string_view key) {
  const std::string input = fmt::format("{}258EAFA5-E914-47DA-95CA-C5AB0DC85B11", key);
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  EVP_Digest(input.data(), input.size(), digest.data(), &size, EVP_sha1(), nullptr);
  return base64(digest.data(), size);
}

std::string random_websocket_key() {
  std::array<unsigned char, 16> bytes{};
  RAND_bytes(bytes.data(), static_cast<int>(bytes.size()));
  return base64(bytes.data(), bytes.size());
}

WebSocketSession::WebSocketSession(std::shared_ptr<Connection> connection, Options options, WebSocketHandler handler)
    : connection_(std::move(connection)),
      options_(options),
      handler_(std::move(handler)),
      reader_(options.role, options.max_message_bytes),
      last_heard_(std::chrono::steady_clock::now()) {}

void WebSocketSession::start() {
  arm_ping_timer();
}

void WebSocketSession::arm_ping_timer() {
  ping_timer_ =
      connection_->loop().add_timer(options_.ping_interval, [self = shared_from_this()] { self->on_ping_timer(); });
}

void WebSocketSession::on_ping_timer() {
  ping_timer_ = 0;
  if (over_) return;
  if (std::chrono::steady_clock::now() - last_heard_ > kSilentIntervals * options_.ping_interval) {
    const std::lock_guard lock(mutex_);
    ended_ = true;
    end_reason_ = fmt::format("no answer for {} ms", (kSilentIntervals * options_.ping_interval).count());
    connection_->abort(end_reason_);
    return;
  }
  send_frame(WebSocketOpcode::kPing, "");
  arm_ping_timer();
}

bool WebSocketSession::send_frame(WebSocketOpcode opcode, std::string_view payload) {
  // Control frames pass the bound: they are small, and without them the peer could not be told of the end.
  const bool data = opcode == WebSocketOpcode::kText || opcode == WebSocketOpcode::kBinary;
  const std::size_t limit = data ? options_.max_backlog : kUnbounded;
  if (options_.role == WebSocketRole::kServer) {
    return connection_->send(encode_websocket_frame(opcode, payload, nullptr), limit);
  }
  std::array<unsigned char, 4> mask{};
  RAND_bytes(mask.data(), static_cast<int>(mask.size()));
  return connection_->send(encode_websocket_frame(opcode, payload, &mask), limit);
}

bool WebSocketSession::send_text(std::string text) {
  return is_open() && send_frame(WebSocketOpcode::kText, text);
}

bool WebSocketSession::send_binary(std::string bytes) {
  return is_open() && send_frame(WebSocketOpcode::kBinary, bytes);
}

bool WebSocketSession::is_open() const {
  const std::lock_guard lock(mutex_);
  return !ended_;
}

void WebSocketSession::close(std::string_view reason) {
  end(kCloseNormal, reason);
}

void WebSocketSession::end(std::uint16_t code, std::string_view reason) {
  {
    const std::lock_guard lock(mutex_);
    if (ended_) return;
    ended_ = true;
    end_reason_ = reason;
  }
  send_frame(WebSocketOpcode::kClose, close_payload(code, reason));
  connection_->close(reason);
}

void WebSocketSession::feed(std::string_view bytes) {
  last_heard_ = std::chrono::steady_clock::now();
  reader_.feed(bytes);
  for (;;) {
    if (over_ || !is_open()) return;
    WebSocketMessage message;
    const base::Result<WebSocketReader::Next> next = reader_.next(message);
    if (!next) {
      end(reader_.close_code(), next.error().message());
      return;
    }
    if (*next == WebSocketReader::Next::kNeedMore) return;
    take(std::move(message));
  }
}

void WebSocketSession::take(WebSocketMessage message) {
  switch (message.opcode) {
    case WebSocketOpcode::kText:
      if (handler_.on_text) handler_.on_text(std::move(message.payload));
      return;
    case WebSocketOpcode::kBinary:
      if (handler_.on_binary) handler_.on_binary(std::move(message.payload));
      return;
    case WebSocketOpcode::kPing:
      // A peer that floods pings without reading the answers is cut by the bound.
      if (connection_->backlog() <= options_.max_backlog) send_frame(WebSocketOpcode::kPong, message.payload);
      return;
    case WebSocketOpcode::kClose: {
      const std::string reason = message.payload.size() > 2 ? message.payload.substr(2) : "closed by the peer";
      end(kCloseNormal, reason);
      return;
    }
    case WebSocketOpcode::kPong:
    case WebSocketOpcode::kContinuation:
      return;
  }
}

void WebSocketSession::connection_writable() {
  if (!over_ && is_open() && handler_.on_writable) handler_.on_writable();
}

void WebSocketSession::connection_closed(const base::Error& reason) {
  if (over_) return;
  over_ = true;
  connection_->loop().cancel_timer(ping_timer_);
  std::string text;
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
    text = end_reason_.empty() ? reason.message() : end_reason_;
  }
  const WebSocketHandler handler = std::exchange(handler_, {});
  if (handler.on_closed) handler.on_closed(std::move(text));
}

}  // namespace slipway::net
