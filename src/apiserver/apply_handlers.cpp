#include <fmt/core.h>

#include "apiserver/request_options.h"
#include "apiserver/resource_request.h"
#include "data/json_text.h"
#include "data/yaml.h"
#include "meta/object.h"

namespace slipway::apiserver {

using base::ErrorCode;
using data::Json;

namespace {

// YAML, or JSON as most programs send it.
base::Result<Json> read_configuration(const net::HttpRequest& http) {
  const std::size_t start = http.body.find_first_not_of(" \t\r\n");
  const bool is_json = start != http.body.npos && http.body[start] == '{';
  auto parsed = is_json ? data::parse_json(http.body) : base::Result<Json>(Json());
  if (!is_json || !parsed) {
    auto yaml = data::parse_yaml(http.body);
    if (yaml || !is_json) parsed = std::move(yaml);
  }
  return std::move(parsed).with_context("error decoding YAML");
}

}  // namespace

base::Result<net::HttpResponse> apply_object(const ResourceRequest& request) {
  registry::ApplyOptions options;
  static_cast<registry::WriteOptions&>(options) = SLIPWAY_TRY(write_options(request, "PatchOptions"));
  registry::ObjectText text;
  options.written = &text;
  // Who applies says so; a name guessed from the program would be no promise to be the same next time.
  options.field_manager = std::string(request.http.query_value("fieldManager"));
  const std::string_view force = request.http.query_value("force");
  options.force = !force.empty() && force != "false" && force != "0";
  SLIPWAY_TRY(parse_field_validation(request.http.query_value("fieldValidation"), "PatchOptions"));
  const Json configuration = SLIPWAY_TRY(read_configuration(request.http));
  const registry::Registry::Applied applied =
      SLIPWAY_TRY(request.registry.apply(request.resource, request.key(), configuration, options));
  return object_response(request, applied.created ? 201 : 200, *applied.object, text);
}

}  // namespace slipway::apiserver
