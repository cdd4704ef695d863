#include "apiserver/response_decorator.h"

#include <fmt/core.h>

#include "apiserver/discovery.h"
#include "apiserver/request_options.h"
#include "apiserver/response_encoding.h"
#include "data/json_text.h"

namespace slipway::apiserver {

namespace {

bool wants_pretty(const net::HttpRequest& request) {
  const std::string_view text = request.query_value("pretty");
  return text == "true" || text == "1" || text == "t" || text == "T" || text == "TRUE" || text == "True";
}

void lay_out(net::HttpResponse& response) {
  for (const auto& [name, value] : response.headers)
    if (name == "content-type" && !value.starts_with("application/json")) return;
  auto document = data::parse_json(response.whole_body(), {.max_bytes = SIZE_MAX});
  if (!document) return;
  response.parts.clear();
  response.body = data::to_json(*document, 2) + "\n";
}

}  // namespace

void ResponseDecorator::send(net::HttpResponse response) {
  add_warnings(response, warnings_);
  if (wants_pretty(request_)) lay_out(response);
  compress(request_, response);
  next_.send(std::move(response));
}

std::shared_ptr<net::BodyStream> ResponseDecorator::stream(net::HttpResponse head) {
  add_warnings(head, warnings_);
  return next_.stream(std::move(head));
}

std::shared_ptr<net::WebSocket> ResponseDecorator::accept_websocket(net::WebSocketHandler handler) {
  return next_.accept_websocket(std::move(handler));
}

std::string deprecation_warning(const registry::ResourceVersionInfo& version) {
  if (!version.deprecated) return {};
  if (!version.deprecation_warning.empty()) return version.deprecation_warning;
  const registry::ResourceInfo& resource = *version.resource;
  std::string text = fmt::format("{}/{} {} is deprecated", resource.group, version.version, resource.kind);
  std::vector<std::string> better;
  for (const auto& other : resource.versions)
    if (other->served && !other->deprecated) better.push_back(other->version);
  sort_versions(better);
  if (!better.empty()) text += fmt::format("; use {}/{} {}", resource.group, better.front(), resource.kind);
  return text;
}

}  // namespace slipway::apiserver
