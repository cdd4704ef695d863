#include "net/websocket_frame.h"

#include <fmt/core.h>

namespace slipway::net {

using base::ErrorCode;
using base::fail;
using base::Result;
using base::Status;

namespace {

bool is_control(WebSocketOpcode opcode) {
  return static_cast<std::uint8_t>(opcode) >= 8;
}

bool is_known(std::uint8_t opcode) {
  return opcode <= 2 || (opcode >= 8 && opcode <= 10);
}

void unmask(std::string& payload, const std::array<unsigned char, 4>& mask) {
  for (std::size_t i = 0; i < payload.size(); ++i) payload[i] = static_cast<char>(payload[i] ^ mask[i % 4]);
}

bool is_valid_close_code(unsigned code) {
  if (code >= 3000 && code <= 4999) return true;
  return code >= 1000 && code <= 1014 && code != 1004 && code != 1005 && code != 1006;
}

}  // namespace

std::string encode_websocket_frame(WebSocketOpcode opcode, std::string_view payload,
                                   const std::array<unsigned char, 4>* mask) {
  std::string frame;
  frame.reserve(payload.size() + 14);
  frame += static_cast<char>(0x80 | static_cast<std::uint8_t>(opcode));
  const int mask_bit = mask != nullptr ? 0x80 : 0;
  if (payload.size() < 126) {
    frame += static_cast<char>(mask_bit | static_cast<int>(payload.size()));
  } else {
    const int bytes = payload.size() <= 0xffff ? 2 : 8;
    frame += static_cast<char>(mask_bit | (bytes == 2 ? 126 : 127));
    for (int shift = (bytes - 1) * 8; shift >= 0; shift -= 8) {
      frame += static_cast<char>((std::uint64_t{payload.size()} >> shift) & 0xff);
    }
  }
  if (mask == nullptr) return frame.append(payload);
  for (const unsigned char byte : *mask) frame += static_cast<char>(byte);
  for (std::size_t i = 0; i < payload.size(); ++i) frame += static_cast<char>(payload[i] ^ (*mask)[i % 4]);
  return frame;
}

std::string close_payload(std::uint16_t code, std::string_view reason) {
  std::string payload;
  payload += static_cast<char>(code >> 8);
  payload += static_cast<char>(code & 0xff);
  // 125 bytes for the whole; never half a character.
  std::string_view text = reason.substr(0, 120);
  while (!text.empty() && !is_utf8(text)) text.remove_suffix(1);
  return payload.append(text);
}

base::Error WebSocketReader::broken(std::uint16_t code, std::string_view why) {
  close_code_ = code;
  return fail(ErrorCode::kBadRequest, fmt::format("websocket: {}", why));
}

void WebSocketReader::compact() {
  if (offset_ == buffer_.size()) {
    buffer_.clear();
    offset_ = 0;
    if (buffer_.capacity() > (64u << 10)) buffer_.shrink_to_fit();
  } else if (offset_ > (16u << 10)) {
    buffer_.erase(0, offset_);
    offset_ = 0;
  }
}

Result<bool> WebSocketReader::read_header(Header& header) {
  const std::string_view bytes = std::string_view(buffer_).substr(offset_);
  if (bytes.size() < 2) return false;
  const auto at = [&bytes](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
  if ((at(0) & 0x70) != 0) return broken(kCloseProtocolError, "reserved bits are set");
  if (!is_known(at(0) & 0x0f)) return broken(kCloseProtocolError, "unknown opcode");
  header.final = (at(0) & 0x80) != 0;
  header.opcode = static_cast<WebSocketOpcode>(at(0) & 0x0f);
  const bool masked = (at(1) & 0x80) != 0;
  if (masked != (role_ == WebSocketRole::kServer)) {
    return broken(kCloseProtocolError, masked ? "a server's frame is masked" : "a client's frame is not masked");
  }
  std::uint64_t size = at(1) & 0x7f;
  const std::size_t length_bytes = size == 126 ? 2 : size == 127 ? 8 : 0;
  header.header_bytes = 2 + length_bytes + (masked ? 4 : 0);
  if (bytes.size() < header.header_bytes) return false;
  if (length_bytes > 0) {
    size = 0;
    for (std::size_t i = 0; i < length_bytes; ++i) size = (size << 8) | at(2 + i);
    if (size < 126 || (length_bytes == 8 && size <= 0xffff)) {
      return broken(kCloseProtocolError, "a length is not in its shortest form");
    }
  }
  if (size > max_message_bytes_) {
    return broken(kCloseTooLarge, fmt::format("a frame is larger than {} bytes", max_message_bytes_));
  }
  header.size = static_cast<std::size_t>(size);
  for (std::size_t i = 0; masked && i < 4; ++i) header.mask[i] = at(2 + length_bytes + i);
  return true;
}

Status WebSocketReader::check_header(const Header& header) {
  if (is_control(header.opcode)) {
    if (!header.final || header.size > 125) return broken(kCloseProtocolError, "a control frame is long or fragmented");
    return {};
  }
  if (header.opcode == WebSocketOpcode::kContinuation) {
    if (!in_message_) return broken(kCloseProtocolError, "a continuation without a beginning");
  } else if (in_message_) {
    return broken(kCloseProtocolError, "a new message inside another");
  }
  if (assembled_.size() + header.size > max_message_bytes_) {
    return broken(kCloseTooLarge, fmt::format("a message is larger than {} bytes", max_message_bytes_));
  }
  return {};
}

// True when `message` is complete.
Result<bool> WebSocketReader::take_frame(const Header& header, std::string payload, WebSocketMessage& message) {
  if (is_control(header.opcode)) {
    if (header.opcode == WebSocketOpcode::kClose && !payload.empty()) {
      if (payload.size() == 1) return broken(kCloseProtocolError, "a close frame with half a code");
      const unsigned code = (static_cast<unsigned char>(payload[0]) << 8) | static_cast<unsigned char>(payload[1]);
      if (!is_valid_close_code(code)) return broken(kCloseProtocolError, "an invalid close code");
      if (!is_utf8(std::string_view(payload).substr(2)))
        return broken(kCloseInvalidText, "a close reason is not UTF-8");
    }
    message = {header.opcode, std::move(payload)};
    return true;
  }
  if (header.opcode != WebSocketOpcode::kContinuation) message_opcode_ = header.opcode;
  if (assembled_.empty()) {
    assembled_ = std::move(payload);
  } else {
    assembled_ += payload;
  }
  in_message_ = !header.final;
  if (!header.final) return false;
  message = {message_opcode_, std::exchange(assembled_, {})};
  if (message.opcode == WebSocketOpcode::kText && !is_utf8(message.payload)) {
    return broken(kCloseInvalidText, "a text message is not UTF-8");
  }
  return true;
}

Result<WebSocketReader::Next> WebSocketReader::next(WebSocketMessage& message) {
  for (;;) {
    Header header;
    if (!SLIPWAY_TRY(read_header(header))) break;
    SLIPWAY_TRY(check_header(header));
    if (buffer_.size() - offset_ < header.header_bytes + header.size) break;
    std::string payload = buffer_.substr(offset_ + header.header_bytes, header.size);
    if (role_ == WebSocketRole::kServer) unmask(payload, header.mask);
    offset_ += header.header_bytes + header.size;
    if (SLIPWAY_TRY(take_frame(header, std::move(payload), message))) {
      compact();
      return Next::kMessage;
    }
  }
  compact();
  return Next::kNeedMore;
}

bool is_utf8(std::string_view text) {
  const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
  const std::size_t size = text.size();
  for (std::size_t i = 0; i < size;) {
    const unsigned char lead = bytes[i];
    if (lead < 0x80) {
      ++i;
      continue;
    }
    const std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    if (lead < 0xc2 || lead > 0xf4 || i + length > size) return false;
    // The second byte's range excludes overlong forms, surrogates and what lies beyond U+10FFFF.
    const unsigned char low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
    const unsigned char high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
    if (bytes[i + 1] < low || bytes[i + 1] > high) return false;
    for (std::size_t k = 2; k < length; ++k) {
      if ((bytes[i + k] & 0xc0) != 0x80) return false;
    }
    i += length;
  }
  return true;
}

}  // namespace slipway::net
