#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"

// The first message of a TLS client, read without answering it (RFC 8446 section 4.1.2, RFC 6066 section 3).
namespace slipway::gateway {

inline constexpr std::size_t kMaxClientHelloBytes = 16u << 10;  // post-quantum key shares need about 2 KiB

struct ClientHello {
  bool complete = false;    // false: more bytes are needed
  std::string server_name;  // lower case; "" when the client names none
};

// `bytes` is the stream from its beginning. kBadRequest: no TLS, malformed, or larger than the bound.
base::Result<ClientHello> read_client_hello(std::string_view bytes);

// Fatal alerts of RFC 8446 section 6.2 as a plaintext record.
enum class TlsAlert : unsigned char { kDecodeError = 50, kInternalError = 80, kUnrecognizedName = 112 };
std::string alert_record(TlsAlert alert);

}  // namespace slipway::gateway
