#include "apiserver/list_parameters.h"

#include <algorithm>
#include <charconv>
#include <fmt/core.h>

#include "apiserver/resource_request.h"
#include "registry/continue_token.h"
#include "registry/field_errors.h"

namespace slipway::apiserver {

using base::ErrorCode;
using data::Json;

namespace {

constexpr std::string_view kExact = "Exact";
constexpr std::string_view kNotOlderThan = "NotOlderThan";
constexpr std::string_view kMatch = "resourceVersionMatch";
constexpr std::string_view kInitialEvents = "sendInitialEvents";

// Go's strconv, whose words clients get to see.
template <typename Number>
base::Result<Number> parse_number(std::string_view function, std::string_view text) {
  Number value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc::result_out_of_range)
    return base::fail(ErrorCode::kBadRequest,
                      fmt::format("strconv.{}: parsing \"{}\": value out of range", function, text));
  if (error != std::errc() || end != text.data() + text.size())
    return base::fail(ErrorCode::kBadRequest,
                      fmt::format("strconv.{}: parsing \"{}\": invalid syntax", function, text));
  return value;
}

base::Result<std::int64_t> number_parameter(const net::HttpRequest& http, std::string_view name) {
  const std::string_view text = http.query_value(name);
  if (text.empty()) return std::int64_t{0};
  return parse_number<std::int64_t>("ParseInt", text);
}

void validate_list(const ListParameters& parameters, registry::FieldErrors& errors) {
  const std::string& match = parameters.resource_version_match;
  if (!match.empty()) {
    if (parameters.resource_version.empty())
      errors.push_back(
          registry::forbidden_value(kMatch, "resourceVersionMatch is forbidden unless resourceVersion is provided"));
    if (!parameters.continue_token.empty())
      errors.push_back(
          registry::forbidden_value(kMatch, "resourceVersionMatch is forbidden when continue is provided"));
    if (match != kExact && match != kNotOlderThan)
      errors.push_back(registry::unsupported_value(kMatch, match, {Json(kExact), Json(kNotOlderThan), Json("")}));
    if (match == kExact && parameters.resource_version == "0")
      errors.push_back(
          registry::forbidden_value(kMatch, "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\""));
  }
  if (parameters.send_initial_events)
    errors.push_back(registry::forbidden_value(kInitialEvents, "sendInitialEvents is forbidden for list"));
}

void validate_watch(const ListParameters& parameters, registry::FieldErrors& errors) {
  const std::string& match = parameters.resource_version_match;
  if (parameters.send_initial_events && match != kNotOlderThan)
    errors.push_back(
        registry::forbidden_value(kMatch, "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"));
  if (match.empty()) return;
  if (!parameters.send_initial_events)
    errors.push_back(registry::forbidden_value(
        kMatch, "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"));
  if (match != kNotOlderThan) errors.push_back(registry::unsupported_value(kMatch, match, {Json(kNotOlderThan)}));
  if (!parameters.continue_token.empty())
    errors.push_back(registry::forbidden_value(kMatch, "resourceVersionMatch is forbidden when continue is provided"));
}

}  // namespace

base::Result<ListParameters> read_list_parameters(const net::HttpRequest& http, bool watch) {
  ListParameters parameters;
  parameters.label_selector = std::string(http.query_value("labelSelector"));
  parameters.field_selector = std::string(http.query_value("fieldSelector"));
  parameters.resource_version = std::string(http.query_value("resourceVersion"));
  parameters.resource_version_match = std::string(http.query_value(kMatch));
  parameters.continue_token = std::string(http.query_value("continue"));
  if (http.has_query(kInitialEvents)) parameters.send_initial_events = SLIPWAY_TRY(query_flag(http, kInitialEvents));
  parameters.allow_bookmarks = SLIPWAY_TRY(query_flag(http, "allowWatchBookmarks"));
  // As with kube-apiserver, a limit below zero is none.
  parameters.limit = std::max<std::int64_t>(0, SLIPWAY_TRY(number_parameter(http, "limit")));
  parameters.timeout_seconds = SLIPWAY_TRY(number_parameter(http, "timeoutSeconds"));

  const bool from_now = parameters.resource_version.empty() || parameters.resource_version == "0";
  if (watch && from_now && !parameters.send_initial_events && parameters.resource_version_match.empty()) {
    parameters.send_initial_events = true;
    parameters.resource_version_match = kNotOlderThan;
  }
  registry::FieldErrors errors;
  if (watch)
    validate_watch(parameters, errors);
  else
    validate_list(parameters, errors);
  if (!errors.empty()) return registry::invalid_object({"meta.k8s.io", "ListOptions"}, "", std::move(errors));
  return parameters;
}

base::Result<store::Revision> parse_resource_version(std::string_view text) {
  if (text.empty()) return store::Revision{0};
  // Unsigned, but no store ever gets past what a signed number holds.
  auto value = parse_number<std::uint64_t>("ParseUint", text);
  if (!value)
    return base::fail(ErrorCode::kBadRequest,
                      fmt::format("resourceVersion: Invalid value: \"{}\": {}", text, value.error().message()));
  return static_cast<store::Revision>(std::min<std::uint64_t>(*value, INT64_MAX));
}

base::Result<registry::ListOptions> list_options_of(const ListParameters& parameters) {
  registry::ListOptions options;
  options.limit = static_cast<std::size_t>(parameters.limit);
  options.continue_token = parameters.continue_token;
  if (!options.continue_token.empty()) {
    SLIPWAY_TRY(registry::ContinueToken::decode(options.continue_token).with_context("invalid continue token"));
    if (!parameters.resource_version.empty() && parameters.resource_version != "0")
      return base::fail(ErrorCode::kBadRequest, "specifying resource version is not allowed when using continue");
    return options;
  }
  const store::Revision revision =
      SLIPWAY_TRY(parse_resource_version(parameters.resource_version).with_context("invalid resource version"));
  options.resource_version = std::to_string(revision);
  // Without a match, a page is of the state that was named and a whole list is at least as new.
  const bool page = parameters.resource_version_match.empty() && parameters.limit > 0 && revision > 0;
  options.exact = parameters.resource_version_match == kExact || page;
  return options;
}

base::Result<registry::WatchOptions> watch_options_of(const ListParameters& parameters) {
  registry::WatchOptions options;
  SLIPWAY_TRY(parse_resource_version(parameters.resource_version));
  options.resource_version = parameters.resource_version;
  options.allow_bookmarks = parameters.allow_bookmarks;
  options.send_initial_events = parameters.send_initial_events;
  return options;
}

}  // namespace slipway::apiserver
