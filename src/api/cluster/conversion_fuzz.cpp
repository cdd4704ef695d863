#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "api/cluster/cluster.h"
#include "api/cluster/conversion.h"
#include "data/json_text.h"

// Any JSON text as an object: converting there and back never crashes, and what was converted once converts again.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using slipway::api::cluster::convert;
  const auto object = slipway::data::parse_json({reinterpret_cast<const char*>(bytes), size});
  if (!object) return 0;
  const auto stored = convert(*object, slipway::api::cluster::kVersion);
  if (!stored) return 0;
  const auto served = convert(*stored, slipway::api::cluster::kServedVersion);
  if (served && !convert(*served, slipway::api::cluster::kVersion)) std::abort();
  return 0;
}
