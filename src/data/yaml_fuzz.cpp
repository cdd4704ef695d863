#include <cstdint>
#include <cstdlib>

#include "data/yaml.h"

// What the reader accepts is written so that both dialects read it back equal.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace slipway::data;
  if (size == 0) return 0;
  const auto dialect = bytes[0] % 2 == 0 ? YamlDialect::kKubernetes : YamlDialect::kStrict;
  const auto documents = parse_yaml_documents({reinterpret_cast<const char*>(bytes + 1), size - 1}, dialect);
  if (!documents) return 0;
  for (const Json& value : *documents) {
    const std::string text = to_yaml(value);
    for (const auto reader : {YamlDialect::kKubernetes, YamlDialect::kStrict}) {
      const auto again = parse_yaml(text, reader);
      if (!again && value.is_null()) continue;
      if (!again || !(*again == value)) std::abort();
    }
  }
  return 0;
}
