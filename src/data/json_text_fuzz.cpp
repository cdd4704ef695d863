#include <cstdint>
#include <cstdlib>

#include "data/json_text.h"

// What the reader accepts is written and read back equal, compact and indented.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace slipway::data;
  const auto value = parse_json({reinterpret_cast<const char*>(bytes), size});
  if (!value) return 0;
  for (const int indent : {0, 2}) {
    const auto again = parse_json(to_json(*value, indent));
    if (!again || !(*again == *value)) std::abort();
  }
  return 0;
}
