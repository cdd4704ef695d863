#include <cstddef>
#include <cstdint>
#include <string_view>

#include "apiserver/authentication/static_tokens.h"

// Input: a token file. Reading it must end; what was read has a hash and a user.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace slipway;
  const auto tokens = apiserver::parse_token_file({reinterpret_cast<const char*>(data), size});
  if (!tokens) return 0;
  for (const apiserver::StaticToken& token : *tokens)
    if (token.hash.size() != 64 || token.user.name.empty()) __builtin_trap();
  return 0;
}
