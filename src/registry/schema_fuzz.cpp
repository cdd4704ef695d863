#include <cstddef>
#include <cstdint>
#include <string>

#include "data/json_text.h"
#include "registry/schema.h"

// Input: a schema, a newline, a value; both JSON. Compiling, pruning, defaulting and validating must end, in bounds,
// and pruning and defaulting a second time must change nothing.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace slipway;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto newline = text.find('\n');
  if (newline == text.npos) return 0;
  const auto schema_json = data::parse_json(text.substr(0, newline));
  auto value = data::parse_json(text.substr(newline + 1));
  if (!schema_json || !value) return 0;
  const auto schema = registry::StructuralSchema::compile(*schema_json, registry::StructuralSchema::Root::kValue);
  if (!schema) return 0;
  (*schema)->prune(*value);
  const data::Json pruned = *value;
  (*schema)->prune(*value);
  if (pruned != *value) __builtin_trap();
  (*schema)->apply_defaults(*value);
  registry::FieldErrors errors;
  (*schema)->validate(*value, errors);
  for (const auto& error : errors)
    if (error.reason.empty() || error.message.empty()) __builtin_trap();
  return 0;
}
