#include <fmt/core.h>

#include "apiserver/resource_request.h"
#include "data/json_text.h"
#include "data/yaml.h"
#include "meta/object.h"

namespace slipway::apiserver {

using base::ErrorCode;
using data::Json;
using registry::ObjectList;

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

Json list_metadata(const ObjectList& list) {
  Json metadata = Json::object({{"resourceVersion", list.resource_version}});
  if (!list.continue_token.empty()) metadata.set("continue", list.continue_token);
  if (list.remaining_item_count > 0) metadata.set("remainingItemCount", list.remaining_item_count);
  return metadata;
}

// The list as text, item by item: no second copy of thousands of objects.
std::string list_json(const std::string& api_version, const std::string& kind, const ObjectList& list, bool partial) {
  std::string out = R"({"apiVersion":)";
  data::append_json_string(out, api_version);
  out += R"(,"items":[)";
  bool first = true;
  for (const auto& object : list.items) {
    if (!first) out += ',';
    first = false;
    out += data::to_json(partial ? partial_object(*object) : *object);
  }
  out += R"(],"kind":)";
  data::append_json_string(out, kind);
  out += R"(,"metadata":)" + data::to_json(list_metadata(list)) + "}\n";
  return out;
}

}  // namespace

base::Result<net::HttpResponse> get_object(const ResourceRequest& request) {
  const auto object = SLIPWAY_TRY(request.registry.get(request.resource, request.key()));
  return object_response(request, 200, *object);
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
  const ObjectList list = SLIPWAY_TRY(request.registry.list(request.resource, options));

  if (request.form.shape == Negotiated::Shape::kTable) {
    const IncludeObject include = SLIPWAY_TRY(include_object(request.http));
    std::vector<const Json*> objects;
    for (const auto& object : list.items) objects.push_back(object.get());
    const Json table =
        request.tables.get(request.resource)->table(objects, list_metadata(list), include, true, request.clock.now());
    return make_response(200, table, request.form);
  }
  const bool partial = request.form.shape == Negotiated::Shape::kPartialObject;
  const std::string api_version = partial ? "meta.k8s.io/v1" : request.resource.gvk().api_version();
  const std::string kind = partial ? "PartialObjectMetadataList" : request.resource.resource->list_kind;
  net::HttpResponse response = make_response(200, Json(), Negotiated());
  response.body = list_json(api_version, kind, list, partial);
  if (request.form.yaml) return make_response(200, SLIPWAY_TRY(data::parse_json(response.body)), request.form);
  return response;
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

std::function<std::string(const registry::WatchEvent&)> watch_encoder(const ResourceRequest& request,
                                                                      IncludeObject include) {
  const auto line = [](const registry::WatchEvent& event, const std::string& object) {
    return fmt::format("{{\"type\":\"{}\",\"object\":{}}}\n", registry::watch_event_type_text(event.type), object);
  };
  if (request.form.shape == Negotiated::Shape::kTable) {
    return [line, include, format = request.tables.get(request.resource), &clock = request.clock,
            first = true](const registry::WatchEvent& event) mutable {
      const Json metadata = Json::object({{"resourceVersion", meta::resource_version(*event.object)}});
      const Json table = format->table({event.object.get()}, metadata, include, first, clock.now());
      first = false;
      return line(event, data::to_json(table));
    };
  }
  const bool partial = request.form.shape == Negotiated::Shape::kPartialObject;
  return [line, partial](const registry::WatchEvent& event) {
    return line(event, data::to_json(partial ? partial_object(*event.object) : *event.object));
  };
}

std::string watch_error_line(const base::Error& error) {
  return fmt::format("{{\"type\":\"ERROR\",\"object\":{}}}\n", data::to_json(status_of(error)));
}

}  // namespace slipway::apiserver
