#include "gateway/client_hello.h"

#include <fmt/core.h>
#include <optional>

namespace slipway::gateway {

using base::ErrorCode;
using base::fail;
using base::Result;

namespace {

constexpr unsigned char kHandshakeRecord = 22;
constexpr unsigned char kClientHelloMessage = 1;
constexpr std::size_t kRecordHeaderBytes = 5;
constexpr std::size_t kMaxRecordBytes = 16u << 10;
constexpr unsigned kServerNameExtension = 0;
constexpr unsigned kHostName = 0;
constexpr std::size_t kMaxServerName = 253;

base::Error malformed(std::string_view why) {
  return fail(ErrorCode::kBadRequest, fmt::format("no TLS client hello: {}", why));
}

// Reads big-endian numbers and length-prefixed pieces; every step says whether there was enough.
class Cursor {
 public:
  explicit Cursor(std::string_view bytes) : bytes_(bytes) {}
  bool empty() const { return bytes_.empty(); }

  std::optional<std::size_t> number(std::size_t size) {
    if (bytes_.size() < size) return std::nullopt;
    std::size_t value = 0;
    for (std::size_t i = 0; i < size; ++i) value = (value << 8) | static_cast<unsigned char>(bytes_[i]);
    bytes_.remove_prefix(size);
    return value;
  }
  std::optional<std::string_view> take(std::size_t size) {
    if (bytes_.size() < size) return std::nullopt;
    const std::string_view piece = bytes_.substr(0, size);
    bytes_.remove_prefix(size);
    return piece;
  }
  // A piece with its length in `size` bytes in front.
  std::optional<std::string_view> vector(std::size_t size) {
    const auto length = number(size);
    return length ? take(*length) : std::nullopt;
  }

 private:
  std::string_view bytes_;
};

Result<std::string> host_name(std::string_view extension) {
  Cursor cursor(extension);
  const auto list = cursor.vector(2);
  if (!list || !cursor.empty()) return malformed("the server name list is broken");
  Cursor entries(*list);
  while (!entries.empty()) {
    const auto type = entries.number(1);
    const auto name = entries.vector(2);
    if (!type || !name) return malformed("a server name is broken");
    if (*type != kHostName) continue;
    if (name->empty() || name->size() > kMaxServerName) return malformed("a server name of impossible length");
    std::string text;
    for (const char c : *name) {
      const char lower = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
      const bool valid =
          (lower >= 'a' && lower <= 'z') || (lower >= '0' && lower <= '9') || lower == '-' || lower == '.';
      if (!valid) return malformed("a server name with characters of no DNS name");
      text += lower;
    }
    return text;
  }
  return std::string();
}

// The message's body: version, random, session id, cipher suites, compressions, extensions.
Result<std::string> server_name_of(std::string_view body) {
  Cursor cursor(body);
  if (!cursor.take(2 + 32) || !cursor.vector(1) || !cursor.vector(2) || !cursor.vector(1)) {
    return malformed("it ends too early");
  }
  if (cursor.empty()) return std::string();  // TLS 1.2 without extensions
  const auto extensions = cursor.vector(2);
  if (!extensions || !cursor.empty()) return malformed("its extensions are broken");
  Cursor entries(*extensions);
  while (!entries.empty()) {
    const auto type = entries.number(2);
    const auto content = entries.vector(2);
    if (!type || !content) return malformed("an extension is broken");
    if (*type == kServerNameExtension) return host_name(*content);
  }
  return std::string();
}

}  // namespace

Result<ClientHello> read_client_hello(std::string_view bytes) {
  std::string message;  // the handshake bytes of the records so far
  Cursor cursor(bytes);
  while (!cursor.empty()) {
    const auto type = cursor.number(1);
    if (*type != kHandshakeRecord) return malformed("the first record is no handshake");
    const auto version = cursor.number(2);
    if (!version) return ClientHello{};
    if (*version >> 8 != 3) return malformed("unknown record version");
    const auto size = cursor.number(2);
    if (!size) return ClientHello{};
    if (*size == 0 || *size > kMaxRecordBytes) return malformed("a record of impossible length");
    const auto whole = cursor.take(*size);
    const std::size_t have = whole ? whole->size() : 0;
    if (whole) message.append(*whole);

    // The length stands at the front: refuse a giant before its bytes are here.
    Cursor header(message);
    const auto message_type = header.number(1);
    if (message_type && *message_type != kClientHelloMessage) return malformed("the first message is no client hello");
    const auto length = message_type ? header.number(3) : std::nullopt;
    if (length && *length > kMaxClientHelloBytes) return malformed("it is too large");
    if (const auto body = length ? header.take(*length) : std::nullopt) {
      return ClientHello{.complete = true, .server_name = SLIPWAY_TRY(server_name_of(*body))};
    }
    if (have == 0) break;
  }
  if (bytes.size() > kMaxClientHelloBytes + 16 * kRecordHeaderBytes) return malformed("it is too large");
  return ClientHello{};
}

std::string alert_record(TlsAlert alert) {
  std::string record("\x15\x03\x03\x00\x02\x02", 6);
  record += static_cast<char>(alert);
  return record;
}

}  // namespace slipway::gateway
