#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "agentproto/messages.h"

// Whatever parses must survive a second round unchanged in meaning.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace slipway::agentproto;
  const std::string_view text(reinterpret_cast<const char*>(bytes), size);
  if (const auto message = parse_agent_message(text); message && !parse_agent_message(encode(*message))) std::abort();
  if (const auto message = parse_server_message(text); message && !parse_server_message(encode(*message))) std::abort();
  (void)parse_enroll_request(text);
  (void)parse_enroll_response(text);
  return 0;
}
