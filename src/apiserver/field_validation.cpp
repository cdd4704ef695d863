#include "apiserver/field_validation.h"

#include <fmt/core.h>

#include "apiserver/request_options.h"
#include "registry/field_errors.h"
#include "registry/schema.h"

namespace slipway::apiserver {

using data::Json;

namespace {

// What `full` has and `pruned` lacks; pruning removes members only, so lists keep their items.
void collect(const Json& full, const Json& pruned, const std::string& path, std::vector<std::string>& out) {
  for (const auto& [name, value] : full.members()) {
    const std::string below = path.empty() ? name : path + "." + name;
    if (!pruned.contains(name)) {
      out.push_back(below);
    } else {
      collect(value, pruned[name], below, out);
    }
  }
  for (std::size_t i = 0; i < full.items().size() && i < pruned.items().size(); ++i)
    collect(full.items()[i], pruned.items()[i], fmt::format("{}[{}]", path, i), out);
}

}  // namespace

base::Result<FieldValidation> parse_field_validation(std::string_view text, std::string_view options) {
  if (text.empty() || text == "Warn") return FieldValidation::kWarn;
  if (text == "Ignore") return FieldValidation::kIgnore;
  if (text == "Strict") return FieldValidation::kStrict;
  return invalid_option(options, registry::unsupported_value("fieldValidation", Json(text),
                                                             {Json(""), Json("Ignore"), Json("Strict"), Json("Warn")}));
}

std::vector<std::string> unknown_fields(const registry::ResourceVersionInfo& resource, const Json& object) {
  std::vector<std::string> out;
  if (resource.schema == nullptr) return out;
  Json pruned = object;
  resource.schema->prune(pruned);
  collect(object, pruned, "", out);
  return out;
}

std::vector<std::string> form_problems(const registry::ResourceVersionInfo& resource, const Json& object,
                                       const std::vector<std::string>& duplicates) {
  std::vector<std::string> problems;
  for (const std::string& field : duplicates) problems.push_back(fmt::format("duplicate field \"{}\"", field));
  const std::vector<std::string> unknown = unknown_fields(resource, object);
  for (const std::string& field : unknown) problems.push_back(fmt::format("unknown field \"{}\"", field));
  return problems;
}

std::string strict_error(const std::vector<std::string>& problems) {
  std::string all;
  for (const std::string& problem : problems) all.append(all.empty() ? "" : ", ").append(problem);
  return "strict decoding error: " + all;
}

}  // namespace slipway::apiserver
