#include "apiserver/request_options.h"

#include <algorithm>
#include <fmt/core.h>

#include "data/json_text.h"
#include "registry/apply/managed_fields.h"
#include "registry/field_errors.h"

namespace slipway::apiserver {

using data::Json;

base::Error invalid_option(std::string_view options, base::FieldError error) {
  return registry::invalid_object({"meta.k8s.io", std::string(options)}, "", {std::move(error)});
}

base::Result<bool> dry_run(const net::HttpRequest& http, std::string_view options) {
  Json stages = Json::array();
  const auto [first, last] = http.query.equal_range("dryRun");
  for (auto item = first; item != last; ++item)
    if (!item->second.empty()) stages.append(item->second);
  return dry_run_of(stages, options);
}

base::Result<bool> dry_run_of(const Json& stages, std::string_view options) {
  const auto is_all = [](const Json& stage) { return stage == Json("All"); };
  if (!std::ranges::all_of(stages.items(), is_all))
    return invalid_option(options, registry::unsupported_value("dryRun", stages, {Json("All")}));
  return !stages.empty();
}

namespace {

// The fieldManager parameter, or the name of the program.
base::Result<std::string> field_manager(const net::HttpRequest& http, std::string_view options) {
  const std::string_view name = http.query_value("fieldManager");
  if (name.empty()) return registry::field_manager_of_agent(http.header("user-agent"));
  registry::FieldErrors errors;
  registry::validate_field_manager(name, "fieldManager", errors);
  if (!errors.empty()) return registry::invalid_object({"meta.k8s.io", std::string(options)}, "", std::move(errors));
  return std::string(name);
}

}  // namespace

base::Result<registry::WriteOptions> write_options(const ResourceRequest& request, std::string_view kind) {
  registry::WriteOptions options;
  options.subresource = request.path.subresource;
  options.dry_run = SLIPWAY_TRY(dry_run(request.http, kind));
  options.field_manager = SLIPWAY_TRY(field_manager(request.http, kind));
  options.check = write_check(request.access);
  return options;
}

base::Result<FieldValidation> field_validation(const net::HttpRequest& http, std::string_view options) {
  return parse_field_validation(http.query_value("fieldValidation"), options);
}

void add_warnings(net::HttpResponse& response, const std::vector<std::string>& warnings) {
  for (const std::string& warning : warnings) {
    std::string quoted;
    data::append_json_string(quoted, warning);
    response.headers.emplace_back("warning", "299 - " + quoted);
  }
}

}  // namespace slipway::apiserver
