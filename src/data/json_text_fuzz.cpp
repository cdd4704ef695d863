#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "data/json_reader.h"
#include "data/json_text.h"

namespace {

// What the quick reader takes is what the library reads.
void check_plain_reader(std::string_view text) {
  const auto plain = slipway::data::read_plain_json(text, 128);
  if (!plain) return;
  const auto expected = nlohmann::json::parse(text.begin(), text.end(), nullptr, false);
  if (expected.is_discarded() || nlohmann::json::parse(slipway::data::to_json(*plain)) != expected) std::abort();
}

}  // namespace

// What the reader accepts is written and read back equal, compact and indented.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace slipway::data;
  check_plain_reader({reinterpret_cast<const char*>(bytes), size});
  const auto value = parse_json({reinterpret_cast<const char*>(bytes), size});
  if (!value) return 0;
  for (const int indent : {0, 2}) {
    const auto again = parse_json(to_json(*value, indent));
    if (!again || !(*again == *value)) std::abort();
  }
  return 0;
}
