#include <fmt/core.h>

#include "apiserver/object_text.h"
#include "apiserver/resource_request.h"
#include "data/json_text.h"
#include "data/yaml.h"
#include "meta/object.h"

namespace slipway::apiserver {

using base::ErrorCode;
using data::Json;

namespace {

struct Selection {
  meta::LabelSelector labels;
  meta::FieldSelector fields;
};

base::Result<Selection> read_selection(const ResourceRequest& request) {
  Selection selection;
  selection.labels = SLIPWAY_TRY(meta::LabelSelector::parse(request.http.query_value("labelSelector"))
                                     .with_context("unable to parse labelSelector"));
  std::string fields(request.http.query_value("fieldSelector"));
  // A watch of one object by its path.
  if (!request.path.name.empty()) fields += (fields.empty() ? "metadata.name=" : ",metadata.name=") + request.path.name;
  selection.fields = SLIPWAY_TRY(meta::FieldSelector::parse(fields).with_context("unable to parse fieldSelector"));
  return selection;
}

template <typename List>
Json list_metadata(const List& list) {
  Json metadata = Json::object({{"resourceVersion", list.resource_version}});
  if (!list.continue_token.empty()) metadata.set("continue", list.continue_token);
  if (list.remaining_item_count > 0) metadata.set("remainingItemCount", list.remaining_item_count);
  return metadata;
}

base::Result<net::HttpResponse> list_table(const ResourceRequest& request, const registry::ListOptions& options) {
  const IncludeObject include = SLIPWAY_TRY(include_object(request.http));
  const registry::ObjectList list = SLIPWAY_TRY(request.registry.list(request.resource, options));
  std::vector<const Json*> objects;
  for (const auto& object : list.items) objects.push_back(object.get());
  const Json table =
      request.tables.get(request.resource)->table(objects, list_metadata(list), include, true, request.clock.now());
  return make_response(200, table, request.form);
}

}  // namespace

base::Result<net::HttpResponse> get_object(const ResourceRequest& request) {
  if (request.form.yaml || request.form.shape == Negotiated::Shape::kTable) {
    const auto object = SLIPWAY_TRY(request.registry.get(request.resource, request.key()));
    return object_response(request, 200, *object);
  }
  const registry::ObjectText text = SLIPWAY_TRY(request.registry.get_text(request.resource, request.key()));
  const bool partial = request.form.shape == Negotiated::Shape::kPartialObject;
  net::HttpResponse response;
  response.headers = {{"content-type", "application/json"}, {"cache-control", "no-cache, private"}};
  response.body = partial ? partial_object_text(*text) : *text;
  response.body += '\n';
  return response;
}

base::Result<net::HttpResponse> list_objects(const ResourceRequest& request) {
  Selection selection = SLIPWAY_TRY(read_selection(request));
  registry::ListOptions options;
  options.ns = request.path.ns;
  options.labels = std::move(selection.labels);
  options.fields = std::move(selection.fields);
  options.limit = static_cast<std::size_t>(SLIPWAY_TRY(query_number(request.http, "limit", 0)));
  options.continue_token = std::string(request.http.query_value("continue"));
  options.resource_version = std::string(request.http.query_value("resourceVersion"));
  if (!options.continue_token.empty() && !options.resource_version.empty() && options.resource_version != "0")
    return base::fail(ErrorCode::kBadRequest, "specifying resource version is not allowed when using continue");
  if (request.form.shape == Negotiated::Shape::kTable) return list_table(request, options);
  registry::TextList list = SLIPWAY_TRY(request.registry.list_text(request.resource, options));
  const bool partial = request.form.shape == Negotiated::Shape::kPartialObject;
  const std::string api_version = partial ? "meta.k8s.io/v1" : request.resource.gvk().api_version();
  const std::string kind = partial ? "PartialObjectMetadataList" : request.resource.resource->list_kind;
  if (partial) {
    for (auto& item : list.items) item = std::make_shared<const std::string>(partial_object_text(*item));
  }
  net::HttpResponse response = list_text(api_version, kind, list_metadata(list), list.items);
  if (!request.form.yaml) return response;
  return make_response(200, SLIPWAY_TRY(data::parse_json(response.whole_body())), request.form);
}

base::Result<registry::WatchOptions> watch_options(const ResourceRequest& request) {
  if (SLIPWAY_TRY(query_flag(request.http, "sendInitialEvents"))) {
    // Clients fall back to list and watch on exactly this answer.
    const std::string why = "sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled";
    return base::fail(ErrorCode::kInvalid,
                      fmt::format("ListOptions.meta.k8s.io \"\" is invalid: sendInitialEvents: Forbidden: {}", why))
        .with_fields({{"sendInitialEvents", "FieldValueForbidden", "Forbidden: " + why}});
  }
  Selection selection = SLIPWAY_TRY(read_selection(request));
  registry::WatchOptions options;
  options.ns = request.path.ns;
  options.labels = std::move(selection.labels);
  options.fields = std::move(selection.fields);
  options.resource_version = std::string(request.http.query_value("resourceVersion"));
  options.allow_bookmarks = SLIPWAY_TRY(query_flag(request.http, "allowWatchBookmarks"));
  return options;
}

WatchEncoder watch_encoder(const ResourceRequest& request, IncludeObject include) {
  if (request.form.shape == Negotiated::Shape::kTable) {
    return [include, &registry = request.registry, format = request.tables.get(request.resource),
            &clock = request.clock,
            first = true](const registry::TextEvent& event) mutable -> base::Result<net::SharedBytes> {
      const auto object = SLIPWAY_TRY(registry.parse(event.object));
      const Json metadata = Json::object({{"resourceVersion", meta::resource_version(*object)}});
      const Json table = format->table({object.get()}, metadata, include, std::exchange(first, false), clock.now());
      return std::make_shared<const std::string>(fmt::format(
          "{{\"type\":\"{}\",\"object\":{}}}\n", registry::watch_event_type_text(event.type), data::to_json(table)));
    };
  }
  const auto form = request.form.shape == Negotiated::Shape::kPartialObject ? WatchLines::Form::kPartialObject
                                                                            : WatchLines::Form::kObject;
  return [&lines = request.lines, form](const registry::TextEvent& event) -> base::Result<net::SharedBytes> {
    return lines.line(event, form);
  };
}

std::string watch_error_line(const base::Error& error) {
  return fmt::format("{{\"type\":\"ERROR\",\"object\":{}}}\n", data::to_json(status_of(error)));
}

}  // namespace slipway::apiserver
