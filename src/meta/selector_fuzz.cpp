// Selectors of any form are refused, or say the same again when they are written as text.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "data/json_text.h"
#include "meta/selector.h"

using namespace slipway;

namespace {

const data::Json& object() {
  static const data::Json value = *data::parse_json(
      R"({"metadata":{"name":"x","labels":{"a":"b","n":"5","example.com/a":"","c":"d.e_f"}},"status":{"phase":"Running"}})");
  return value;
}

void require(bool holds) {
  if (!holds) std::abort();
}

void check_labels(std::string_view text) {
  const auto selector = meta::LabelSelector::parse(text);
  if (!selector) return;
  const auto again = meta::LabelSelector::parse(selector->text());
  require(again.has_value());
  require(again->text() == selector->text());
  require(again->matches(object()) == selector->matches(object()));
}

void check_fields(std::string_view text) {
  const auto selector = meta::FieldSelector::parse(text);
  if (!selector) return;
  (void)selector->matches(object());
  for (const auto& requirement : selector->requirements()) {
    // A path "a!" cannot be told from an inequality; no resource has such a field.
    if (requirement.path.ends_with('!')) continue;
    const auto again =
        meta::FieldSelector::parse(meta::FieldSelector::equals(requirement.path, requirement.value).text());
    require(again.has_value() && again->requirements().size() == 1);
    require(again->requirements()[0].path == requirement.path && again->requirements()[0].value == requirement.value);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check_labels(text);
  check_fields(text);
  return 0;
}
