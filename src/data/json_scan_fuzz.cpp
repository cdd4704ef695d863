#include <cstdint>
#include <cstdlib>

#include "data/json_scan.h"
#include "data/json_text.h"

// For every member of a valid object the scanner finds the text of its value; on any text it stays inside.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace slipway::data;
  const std::string_view text(reinterpret_cast<const char*>(bytes), size);
  (void)find_json_value(text, {"metadata", "labels"});
  std::size_t members = 0;
  for_each_json_member(text, [&](std::string_view, std::string_view) { ++members; });
  const auto value = parse_json(text);
  if (!value || !value->is_object()) return 0;
  if (members != value->size()) std::abort();
  const std::string canonical = to_json(*value);
  for (const auto& [name, member] : value->members()) {
    const auto found = find_json_value(canonical, {name});
    if (!found || *found != to_json(member)) std::abort();
  }
  if (find_json_value(canonical, {"no such member"}) && !value->contains("no such member")) std::abort();
  return 0;
}
