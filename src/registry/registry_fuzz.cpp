#include <cstddef>
#include <cstdint>
#include <string>

#include "data/json_text.h"
#include "registry/test_registry.h"

// Input: lines of JSON, each a patch (an array: JSON patch, an object: merge patch), applied in turn to one object with
// a schema and to one without. After every accepted write the object reads back equal to what the writer was told.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace slipway;
  using namespace slipway::registry;
  TestRegistry test;
  if (!test.registry.create(test.widgets, widget("a")) || !test.registry.create(test.gadgets, gadget("a")))
    __builtin_trap();
  std::string_view text(reinterpret_cast<const char*>(data), size);
  while (!text.empty()) {
    const auto patch = data::parse_json(text.substr(0, text.find('\n')));
    text.remove_prefix(std::min(text.find('\n'), text.size() - 1) + 1);
    if (!patch) continue;
    const PatchType type = patch->is_array() ? PatchType::kJson : PatchType::kMerge;
    for (const auto& [resource, key] :
         {std::pair{&test.widgets, ObjectKey{"default", "a"}}, {&test.gadgets, ObjectKey{"", "a"}}}) {
      const auto written = test.registry.patch(*resource, key, type, *patch);
      if (!written) {
        if (written.error().message().empty()) __builtin_trap();
        continue;
      }
      const auto entry = test.store->get("/registry/example.com/" + resource->resource->plural + "/" + key.text());
      if (!entry) continue;  // finalizers of an object being deleted are gone
      const auto stored = data::parse_json(*entry->value);
      if (!stored || *stored != **written || meta::uid(*stored).empty()) __builtin_trap();
    }
  }
  return 0;
}
