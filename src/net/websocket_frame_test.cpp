#include "net/websocket_frame.h"

#include <gmock/gmock.h>

namespace slipway::net {
namespace {

using ::testing::HasSubstr;
using Next = WebSocketReader::Next;

constexpr std::array<unsigned char, 4> kMask{1, 2, 3, 4};

// A client frame with any first byte (so that broken ones can be made).
std::string client_frame(int first_byte, std::string_view payload) {
  std::string frame = encode_websocket_frame(WebSocketOpcode::kText, payload, &kMask);
  frame[0] = static_cast<char>(first_byte);
  return frame;
}

std::vector<WebSocketMessage> read_all(WebSocketReader& reader, std::string_view bytes, std::size_t step) {
  std::vector<WebSocketMessage> messages;
  for (std::size_t at = 0; at < bytes.size(); at += step) {
    reader.feed(bytes.substr(at, step));
    WebSocketMessage message;
    for (;;) {
      const auto next = reader.next(message);
      EXPECT_TRUE(next) << next.error().message();
      if (!next || *next == Next::kNeedMore) break;
      messages.push_back(message);
    }
  }
  return messages;
}

TEST(WebSocketFrame, RoundTripOfEverySizeAndSplit) {
  for (const std::size_t size : {0u, 1u, 125u, 126u, 127u, 65'535u, 65'536u, 200'000u}) {
    for (const std::size_t step : {1u, 7u, 4096u, 1'000'000u}) {
      if (step == 1 && size > 1000) continue;
      const std::string payload(size, 'p');
      WebSocketReader server(WebSocketRole::kServer, 1u << 20);
      const auto got = read_all(server, encode_websocket_frame(WebSocketOpcode::kBinary, payload, &kMask), step);
      ASSERT_EQ(got.size(), 1u);
      EXPECT_EQ(got[0].payload, payload);
      WebSocketReader client(WebSocketRole::kClient, 1u << 20);
      const auto back = read_all(client, encode_websocket_frame(WebSocketOpcode::kText, payload, nullptr), step);
      ASSERT_EQ(back.size(), 1u);
      EXPECT_EQ(back[0].opcode, WebSocketOpcode::kText);
    }
  }
}

TEST(WebSocketFrame, FragmentsAreJoinedAroundControlFrames) {
  const std::string bytes = client_frame(0x01, "ab") + client_frame(0x89, "ping") + client_frame(0x00, "cd") +
                            client_frame(0x80, "ef") + client_frame(0x82, "bin");
  WebSocketReader reader(WebSocketRole::kServer, 100);
  const auto got = read_all(reader, bytes, 3);
  ASSERT_EQ(got.size(), 3u);
  EXPECT_EQ(got[0].opcode, WebSocketOpcode::kPing);
  EXPECT_EQ(got[1].opcode, WebSocketOpcode::kText);
  EXPECT_EQ(got[1].payload, "abcdef");
  EXPECT_EQ(got[2].payload, "bin");
}

TEST(WebSocketFrame, BrokenPeers) {
  const std::string long_ping = encode_websocket_frame(WebSocketOpcode::kPing, std::string(126, 'x'), &kMask);
  std::string wasteful = client_frame(0x82, "abc");
  wasteful.replace(1, 1, std::string("\xfe\x00\x03", 3));
  std::string huge("\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff", 10);
  huge += "mask";
  const struct {
    const char* name;
    std::string bytes;
    std::uint16_t code;
  } cases[] = {
      {"unmasked client frame", encode_websocket_frame(WebSocketOpcode::kText, "x", nullptr), kCloseProtocolError},
      {"reserved bit", client_frame(0xc1, "x"), kCloseProtocolError},
      {"opcode 3", client_frame(0x83, "x"), kCloseProtocolError},
      {"opcode 11", client_frame(0x8b, "x"), kCloseProtocolError},
      {"fragmented ping", client_frame(0x09, "x"), kCloseProtocolError},
      {"long ping", long_ping, kCloseProtocolError},
      {"continuation first", client_frame(0x80, "x"), kCloseProtocolError},
      {"message in message", client_frame(0x01, "x") + client_frame(0x81, "y"), kCloseProtocolError},
      {"length not shortest", wasteful, kCloseProtocolError},
      {"frame too large", huge, kCloseTooLarge},
      {"message too large", client_frame(0x01, std::string(120, 'x')) + client_frame(0x80, std::string(120, 'x')),
       kCloseTooLarge},
      {"bad text", client_frame(0x81, "\xc0\x80"), kCloseInvalidText},
      {"half a close code", client_frame(0x88, "x"), kCloseProtocolError},
      {"close code 1005", client_frame(0x88, "\x03\xed"), kCloseProtocolError},
      {"close reason not UTF-8", client_frame(0x88, "\x03\xe8\xff"), kCloseInvalidText},
  };
  for (const auto& test : cases) {
    WebSocketReader reader(WebSocketRole::kServer, 200);
    reader.feed(test.bytes);
    WebSocketMessage message;
    auto next = reader.next(message);
    while (next && *next == Next::kMessage) next = reader.next(message);
    ASSERT_FALSE(next) << test.name;
    EXPECT_EQ(reader.close_code(), test.code) << test.name << ": " << next.error().message();
  }
  WebSocketReader client(WebSocketRole::kClient, 100);
  client.feed(client_frame(0x81, "x"));
  WebSocketMessage message;
  EXPECT_FALSE(client.next(message));
}

TEST(WebSocketFrame, CloseReasonNeverEndsInsideACharacter) {
  std::string reason(119, 'a');
  reason += "\xc3\xa4";
  const std::string payload = close_payload(kCloseNormal, reason);
  EXPECT_LE(payload.size(), 125u);
  EXPECT_TRUE(is_utf8(std::string_view(payload).substr(2)));
}

TEST(Utf8, Table) {
  for (const char* good : {"", "a", "\xc3\xa4", "\xe2\x82\xac", "\xf0\x9f\x98\x80", "\xf4\x8f\xbf\xbf"}) {
    EXPECT_TRUE(is_utf8(good));
  }
  for (const char* bad : {"\x80", "\xc3", "\xc1\xbf", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xf4\x90\x80\x80",
                          "\xf5\x80\x80\x80", "\xe2\x82", "a\xff"}) {
    EXPECT_FALSE(is_utf8(bad));
  }
}

}  // namespace
}  // namespace slipway::net
