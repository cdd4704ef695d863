#include <cstdint>
#include <cstdlib>

#include "store/snapshot/snapshot_trailer.h"

// What is read is written and read back equal; sizes never overlap or leave the file.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace slipway::store;
  const std::string_view text(reinterpret_cast<const char*>(bytes), size);
  if (size >= SnapshotTrailer::kSize) {
    const auto end = text.substr(size - SnapshotTrailer::kSize);
    if (const auto trailer = parse_trailer(end, size)) {
      if (trailer->bytes() != end || trailer->database_size + trailer->description_size + end.size() != size)
        std::abort();
    }
  }
  const auto description = parse_description(text);
  if (!description) return 0;
  const auto again = parse_description(description_text(*description));
  if (!again || description_text(*again) != description_text(*description)) std::abort();
  return 0;
}
