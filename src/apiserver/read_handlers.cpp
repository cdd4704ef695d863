#include <fmt/core.h>

#include "apiserver/list_parameters.h"
#include "apiserver/object_text.h"
#include "apiserver/resource_request.h"
#include "data/json_text.h"
#include "data/yaml.h"
#include "meta/object.h"

namespace slipway::apiserver {

using base::ErrorCode;
using data::Json;

namespace {

// The selectors of a request, into either kind of options.
base::Status read_selectors(const ListParameters& parameters, meta::LabelSelector& labels,
                            meta::FieldSelector& fields) {
  labels = SLIPWAY_TRY(meta::LabelSelector::parse(parameters.label_selector));
  fields =
      SLIPWAY_TRY(meta::FieldSelector::parse(parameters.field_selector).with_context("unable to parse fieldSelector"));
  return {};
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
  const store::Revision wanted = SLIPWAY_TRY(parse_resource_version(request.http.query_value("resourceVersion")));
  if (const store::Revision now = request.registry.store().revision(); wanted > now)
    return registry::too_large_resource_version(wanted, now);
  if (request.form.yaml || request.form.shape == Negotiated::Shape::kTable) {
    const auto object = SLIPWAY_TRY(request.registry.get(request.resource, request.key()));
    return object_response(request, 200, *object);
  }
  const registry::ObjectText text = SLIPWAY_TRY(request.registry.get_text(request.resource, request.key()));
  const bool partial = request.form.shape == Negotiated::Shape::kPartialObject;
  return object_text_response(200, partial ? std::make_shared<const std::string>(partial_object_text(*text)) : text);
}

base::Result<registry::ListOptions> list_options(const ResourceRequest& request) {
  const ListParameters parameters = SLIPWAY_TRY(read_list_parameters(request.http, false));
  registry::ListOptions options = SLIPWAY_TRY(list_options_of(parameters));
  options.ns = request.path.ns;
  SLIPWAY_TRY(read_selectors(parameters, options.labels, options.fields));
  return options;
}

base::Result<net::HttpResponse> list_objects(const ResourceRequest& request) {
  const registry::ListOptions options = SLIPWAY_TRY(list_options(request));
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

base::Result<WatchChoice> watch_choice(const ResourceRequest& request) {
  const ListParameters parameters = SLIPWAY_TRY(read_list_parameters(request.http, true));
  WatchChoice choice{SLIPWAY_TRY(watch_options_of(parameters)), parameters.timeout_seconds};
  choice.options.ns = request.path.ns;
  SLIPWAY_TRY(read_selectors(parameters, choice.options.labels, choice.options.fields));
  return choice;
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
