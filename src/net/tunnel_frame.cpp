#include <fmt/core.h>

#include "net/tunnel.h"

namespace slipway::net {

namespace {

constexpr std::size_t kHeaderBytes = 5;
constexpr std::size_t kMaxTargetBytes = 300;

}  // namespace

std::string encode_tunnel_frame(std::uint32_t stream, TunnelFrameKind kind, std::string_view payload) {
  std::string frame;
  frame.reserve(kHeaderBytes + payload.size());
  for (int shift = 24; shift >= 0; shift -= 8) frame += static_cast<char>((stream >> shift) & 0xff);
  frame += static_cast<char>(kind);
  frame += payload;
  return frame;
}

base::Result<TunnelFrame> decode_tunnel_frame(std::string_view bytes) {
  const auto malformed = [](std::string_view why) {
    return base::fail(base::ErrorCode::kBadRequest, fmt::format("malformed tunnel frame: {}", why));
  };
  if (bytes.size() < kHeaderBytes) return malformed("shorter than its header");
  TunnelFrame frame;
  for (std::size_t i = 0; i < 4; ++i) frame.stream = (frame.stream << 8) | static_cast<unsigned char>(bytes[i]);
  const auto kind = static_cast<unsigned char>(bytes[4]);
  frame.payload = bytes.substr(kHeaderBytes);
  if (frame.stream == 0) return malformed("stream 0");
  if (kind < 1 || kind > 4) return malformed("unknown kind");
  frame.kind = static_cast<TunnelFrameKind>(kind);
  if (frame.kind == TunnelFrameKind::kWindow && frame.payload.size() != 4)
    return malformed("window without its number");
  if (frame.kind == TunnelFrameKind::kOpen && (frame.payload.empty() || frame.payload.size() > kMaxTargetBytes)) {
    return malformed("open without a usable target");
  }
  return frame;
}

}  // namespace slipway::net
