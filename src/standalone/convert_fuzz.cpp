#include <cstdint>
#include <cstdlib>

#include "data/yaml.h"
#include "standalone/configuration.h"
#include "standalone/convert.h"

// Whatever the older file holds, the conversion is one YAML document, and reading it ends.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace slipway;
  const standalone::Conversion conversion = standalone::convert_raw_text({reinterpret_cast<const char*>(bytes), size});
  if (!data::parse_yaml(conversion.yaml)) std::abort();
  standalone::read_configuration(conversion.yaml);
  return 0;
}
