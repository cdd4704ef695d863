#include "registry/definition/unevaluated_rules.h"

#include <fmt/core.h>
#include <vector>

#include "registry/definition/schema_walk.h"

namespace slipway::registry {

using data::Json;

namespace {

constexpr std::size_t kMostNamed = 5;

void collect(const Json& schema, const std::string& path, std::vector<std::string>& out) {
  const auto& rules = schema["x-kubernetes-validations"].items();
  for (std::size_t i = 0; i < rules.size(); ++i)
    out.push_back(fmt::format("{}.x-kubernetes-validations[{}]: {}", path, i, rules[i].text({"rule"})));
  for_each_subschema(schema, path, [&](const Json& child, const std::string& below) { collect(child, below, out); });
}

}  // namespace

std::string describe_unevaluated_rules(const Json& definition) {
  std::vector<std::string> rules;
  for (const Json& version : definition.get({"spec", "versions"}).items())
    collect(version.get({"schema", "openAPIV3Schema"}), version.text({"name"}) + ": openAPIV3Schema", rules);
  if (rules.empty()) return {};
  std::string text =
      fmt::format("{} validation rule{} not evaluated: ", rules.size(), rules.size() == 1 ? " is" : "s are");
  for (std::size_t i = 0; i < rules.size() && i < kMostNamed; ++i) text += (i == 0 ? "" : "; ") + rules[i];
  if (rules.size() > kMostNamed) text += fmt::format("; and {} more", rules.size() - kMostNamed);
  return text;
}

}  // namespace slipway::registry
