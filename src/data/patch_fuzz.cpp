#include <cstdint>
#include <cstdlib>

#include "data/json_text.h"
#include "data/patch.h"

namespace {

using slipway::data::Json;

bool has_null_member(const Json& value) {
  for (const auto& [key, member] : value.members())
    if (member.is_null() || has_null_member(member)) return true;
  for (const Json& item : value.items())
    if (has_null_member(item)) return true;
  return false;
}

}  // namespace

// Input: [document, patch]. No patch may crash the program; a merge patch made of a difference leads from one document
// to the other when nulls, which it cannot say, are not involved.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace slipway::data;
  const auto input = parse_json({reinterpret_cast<const char*>(bytes), size});
  if (!input || input->items().size() != 2) return 0;
  const Json& document = input->items()[0];
  const Json& patch = input->items()[1];
  (void)json_patch(document, patch);
  const Json merged = merge_patch(document, patch);
  if (patch.is_object() && !(merge_patch(merged, patch) == merged)) std::abort();
  if (!has_null_member(document) && !has_null_member(patch) &&
      !(merge_patch(document, diff_merge_patch(document, patch)) == patch))
    std::abort();
  if (patch.is_string())
    if (const Json* found = find_pointer(document, patch.string_or_empty()); found != nullptr) (void)to_json(*found);
  return 0;
}
