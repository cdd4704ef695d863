#include <cstdint>

#include "net/tunnel.h"
#include "net/websocket_frame.h"

using namespace slipway::net;

// Any bytes in any split: no crash, the message limit holds, text is UTF-8. Tunnel frames ride along.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::size_t step = data[0] % 32 + 1;
  const WebSocketRole role = data[1] % 2 == 0 ? WebSocketRole::kServer : WebSocketRole::kClient;
  const std::string_view bytes(reinterpret_cast<const char*>(data + 2), size - 2);
  WebSocketReader reader(role, 300);
  for (std::size_t at = 0; at < bytes.size(); at += step) {
    reader.feed(bytes.substr(at, step));
    for (;;) {
      WebSocketMessage message;
      const auto next = reader.next(message);
      if (!next) return 0;
      if (*next == WebSocketReader::Next::kNeedMore) break;
      if (message.payload.size() > 300) __builtin_trap();
      if (message.opcode == WebSocketOpcode::kText && !is_utf8(message.payload)) __builtin_trap();
    }
  }
  if (const auto frame = decode_tunnel_frame(bytes)) {
    if (encode_tunnel_frame(frame->stream, frame->kind, frame->payload) != bytes) __builtin_trap();
  }
  return 0;
}
