#include <cstdint>

#include "gateway/client_hello.h"

using namespace slipway::gateway;

// Any bytes: no crash; a prefix never gives another name than the whole, and the bound holds.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto whole = read_client_hello(bytes);
  if (whole && !whole->complete && size > kMaxClientHelloBytes + 1000) __builtin_trap();
  if (whole && whole->server_name.size() > 253) __builtin_trap();
  const auto half = read_client_hello(bytes.substr(0, size / 2));
  if (half && half->complete && (!whole || whole->server_name != half->server_name)) __builtin_trap();
  return 0;
}
