#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

// RFC 6455 framing without I/O. Internal to net.
namespace slipway::net {

enum class WebSocketOpcode : std::uint8_t {
  kContinuation = 0,
  kText = 1,
  kBinary = 2,
  kClose = 8,
  kPing = 9,
  kPong = 10,
};

enum class WebSocketRole { kServer, kClient };

// Close codes of section 7.4.1 that we send.
inline constexpr std::uint16_t kCloseNormal = 1000;
inline constexpr std::uint16_t kCloseProtocolError = 1002;
inline constexpr std::uint16_t kCloseInvalidText = 1007;
inline constexpr std::uint16_t kCloseTooLarge = 1009;

// One unfragmented frame. A client passes a random mask, a server null.
std::string encode_websocket_frame(WebSocketOpcode opcode, std::string_view payload,
                                   const std::array<unsigned char, 4>* mask);
std::string close_payload(std::uint16_t code, std::string_view reason);

struct WebSocketMessage {
  WebSocketOpcode opcode = WebSocketOpcode::kText;  // kText, kBinary, kClose, kPing or kPong
  std::string payload;                              // of a close: code and reason as sent
};

// Assembles messages from bytes as they come: fragments joined, control frames between them passed on, masks undone.
// Checks every MUST of the RFC that a peer can break; after an error the connection is to be closed with close_code().
class WebSocketReader {
 public:
  WebSocketReader(WebSocketRole own_role, std::size_t max_message_bytes)
      : role_(own_role), max_message_bytes_(max_message_bytes) {}

  void feed(std::string_view bytes) { buffer_ += bytes; }
  enum class Next { kMessage, kNeedMore };
  base::Result<Next> next(WebSocketMessage& message);
  std::uint16_t close_code() const { return close_code_; }

 private:
  struct Header {
    bool final = false;
    WebSocketOpcode opcode = WebSocketOpcode::kText;
    std::size_t size = 0;
    std::size_t header_bytes = 0;
    std::array<unsigned char, 4> mask{};
  };
  base::Result<bool> read_header(Header& header);  // false: more bytes are needed
  base::Status check_header(const Header& header);
  base::Result<bool> take_frame(const Header& header, std::string payload, WebSocketMessage& message);
  base::Error broken(std::uint16_t code, std::string_view why);
  void compact();

  const WebSocketRole role_;
  const std::size_t max_message_bytes_;
  std::string buffer_;
  std::size_t offset_ = 0;
  bool in_message_ = false;
  WebSocketOpcode message_opcode_ = WebSocketOpcode::kText;
  std::string assembled_;
  std::uint16_t close_code_ = kCloseProtocolError;
};

bool is_utf8(std::string_view text);

}  // namespace slipway::net
