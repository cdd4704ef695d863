#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "cel/program.h"
#include "data/json_text.h"

// Input: an expression, a newline, an object; the schema is fixed. Compiling and evaluating must end, in bounds, and a
// rule that compiles has a bool or an error for a value.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace slipway;
  static const data::Json schema = *data::parse_json(R"({"type": "object", "properties": {
    "s": {"type": "string"}, "i": {"type": "integer"}, "d": {"type": "number"}, "e": {"x-kubernetes-int-or-string": true},
    "t": {"type": "string", "format": "date-time"}, "w": {"type": "string", "format": "duration"}, "y": {"type": "string", "format": "byte"},
    "l": {"type": "array", "items": {"type": "integer"}}, "n": {"type": "array", "items": {"type": "string"}, "x-kubernetes-list-type": "set"},
    "k": {"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["n"],
          "items": {"type": "object", "properties": {"n": {"type": "string"}, "v": {"type": "integer"}}}},
    "m": {"type": "object", "additionalProperties": {"type": "string"}},
    "o": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}}})");
  static const cel::DeclarationRef self = cel::Declarations().read(schema, false);
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto newline = std::min(text.rfind('\n'), text.size());
  const auto object = data::parse_json(text.substr(std::min(newline + 1, text.size())));
  const auto program = cel::Program::compile(text.substr(0, newline), self, false, cel::ResultType::kBool);
  if (!program) {
    if (program.error().message().empty()) __builtin_trap();
    return 0;
  }
  const data::Json value =
      object ? *object : data::Json::object({{"s", "a"}, {"i", 1}, {"l", data::Json::array({1, 2})}});
  const cel::Evaluation evaluation = program->evaluate(value, &value);
  if (!evaluation.value.is_error() && evaluation.value.get<bool>() == nullptr) __builtin_trap();
  return 0;
}
