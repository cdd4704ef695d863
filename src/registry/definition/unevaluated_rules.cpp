#include "registry/definition/unevaluated_rules.h"

#include <fmt/core.h>
#include <vector>

#include "registry/schema.h"

namespace slipway::registry {

using data::Json;

std::string describe_unevaluated_rules(const Json& definition) {
  constexpr std::size_t kMostNamed = 5;
  std::vector<std::string> rules;
  for (const Json& version : definition.get({"spec", "versions"}).items()) {
    const auto schema = StructuralSchema::compile(version.get({"schema", "openAPIV3Schema"}));
    if (!schema) continue;  // refused with its own error
    for (const UnsupportedRule& rule : (*schema)->unsupported_rules())
      rules.push_back(fmt::format("{}: {}: {}: {}{}", version.text({"name"}), rule.path, rule.expression, rule.reason,
                                  rule.refuses_writes ? " (every write that it covers is refused)" : ""));
  }
  if (rules.empty()) return {};
  std::string text =
      fmt::format("{} validation rule{} not evaluated as written: ", rules.size(), rules.size() == 1 ? " is" : "s are");
  for (std::size_t i = 0; i < rules.size() && i < kMostNamed; ++i) text += (i == 0 ? "" : "; ") + rules[i];
  if (rules.size() > kMostNamed) text += fmt::format("; and {} more", rules.size() - kMostNamed);
  return text;
}

}  // namespace slipway::registry
