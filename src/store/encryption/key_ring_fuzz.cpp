#include <cstdint>
#include <cstdlib>

#include "store/encryption/key_ring.h"

// What is read is written and read back equal.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace slipway::store;
  const auto ring = KeyRing::parse({reinterpret_cast<const char*>(bytes), size}, "fuzz");
  if (!ring) return 0;
  const auto again = KeyRing::parse(ring->text(), "fuzz");
  if (!again || again->text() != ring->text() || ring->empty()) std::abort();
  return 0;
}
