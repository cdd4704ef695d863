#include <cstddef>
#include <cstdint>

#include "data/json_text.h"
#include "registry/apply/fields_v1.h"

// Input: a fieldsV1. What is accepted comes back the same from both written forms, and its own algebra holds.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace slipway;
  using namespace slipway::registry;
  const auto fields = data::parse_json({reinterpret_cast<const char*>(bytes), size});
  if (!fields) return 0;
  const auto set = decode_fields(*fields);
  if (!set) {
    if (set.error().message().empty()) __builtin_trap();
    return 0;
  }
  const data::Json encoded = encode_fields(*set);
  const auto again = decode_fields(encoded);
  const auto text = data::parse_json(encode_fields_text(*set));
  if (!again || !(*again == *set) || !text || *text != encoded) __builtin_trap();
  if (!has_all(encoded, *set) || (!set->empty() && !touches(encoded, *set))) __builtin_trap();
  if (!set->without(*set).empty() || !(set->united(*set) == *set) || !(set->intersected(*set) == *set))
    __builtin_trap();
  return 0;
}
