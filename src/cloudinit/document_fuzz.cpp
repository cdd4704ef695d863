#include <cstdint>
#include <cstdlib>

#include "cloudinit/document.h"

// What the parser accepts renders, and reads back equal.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace slipway::cloudinit;
  const auto document =
      parse({reinterpret_cast<const char*>(bytes), size}, {.max_bytes = 1 << 20, .max_content_bytes = 1 << 20});
  if (!document) return 0;
  const auto text = render(*document);
  if (!text) std::abort();
  const auto back = parse(*text, {.max_bytes = 16 << 20, .max_content_bytes = 1 << 20});
  if (!back || *back != *document) std::abort();
  return 0;
}
