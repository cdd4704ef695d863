#include "apiserver/field_validation.h"

#include <algorithm>
#include <fmt/core.h>

#include "apiserver/request_options.h"
#include "registry/field_errors.h"
#include "registry/object_metadata.h"
#include "registry/schema.h"

namespace slipway::apiserver {

using data::Json;

base::Result<FieldValidation> parse_field_validation(std::string_view text, std::string_view options) {
  if (text.empty() || text == "Warn") return FieldValidation::kWarn;
  if (text == "Ignore") return FieldValidation::kIgnore;
  if (text == "Strict") return FieldValidation::kStrict;
  return invalid_option(options, registry::unsupported_value("fieldValidation", Json(text),
                                                             {Json(""), Json("Ignore"), Json("Strict"), Json("Warn")}));
}

std::vector<std::string> form_problems(const registry::ResourceVersionInfo& resource, const Json& object,
                                       const std::vector<std::string>& duplicates) {
  std::vector<std::string> problems;
  for (const std::string& field : duplicates) problems.push_back(fmt::format("duplicate field \"{}\"", field));
  if (resource.schema == nullptr) return problems;
  std::vector<std::string> unknown = resource.schema->unknown_fields(object);
  const std::vector<std::string> in_metadata = registry::unknown_metadata_fields(object);
  unknown.insert(unknown.end(), in_metadata.begin(), in_metadata.end());
  std::ranges::sort(unknown);
  for (const std::string& field : unknown) problems.push_back(fmt::format("unknown field \"{}\"", field));
  return problems;
}

std::string strict_error(const std::vector<std::string>& problems) {
  std::string all;
  for (const std::string& problem : problems) all.append(all.empty() ? "" : ", ").append(problem);
  return "strict decoding error: " + all;
}

}  // namespace slipway::apiserver
