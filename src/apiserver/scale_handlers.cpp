#include <fmt/core.h>

#include "apiserver/request_body.h"
#include "apiserver/request_options.h"
#include "apiserver/resource_request.h"
#include "data/json_text.h"
#include "data/patch.h"
#include "meta/object.h"
#include "registry/field_errors.h"
#include "registry/scale.h"

namespace slipway::apiserver {

using base::ErrorCode;
using data::Json;

namespace {

constexpr std::string_view kApiVersion = "autoscaling/v1";

// One Scale in the form the client asked for: it has no printer columns of its own.
net::HttpResponse scale_response(const ResourceRequest& request, const Json& scale) {
  Negotiated form = request.form;
  form.shape = Negotiated::Shape::kObject;
  return make_response(200, scale, form);
}

base::Status check_scale(const Json& scale, const Json& old) {
  if (!scale.is_object() || scale.text({"kind"}) != "Scale" || scale.text({"apiVersion"}) != kApiVersion)
    return base::fail(ErrorCode::kBadRequest,
                      fmt::format("the object in the body must be of kind Scale in version {}", kApiVersion));
  if (meta::name(scale) != meta::name(old))
    return base::fail(ErrorCode::kBadRequest,
                      fmt::format("the name of the object ({}) does not match the name on the URL ({})",
                                  meta::name(scale), meta::name(old)));
  if (!meta::ns(scale).empty() && meta::ns(scale) != meta::ns(old))
    return base::fail(ErrorCode::kBadRequest,
                      "the namespace of the provided object does not match the namespace sent on the request");
  const Json& replicas = scale.get({"spec", "replicas"});
  if (!replicas.is_null() && !replicas.is_integer())
    return base::fail(ErrorCode::kBadRequest,
                      "Scale in version \"v1\" cannot be handled as a Scale: spec.replicas must be an integer");
  return {};
}

using ScaleChange = std::function<base::Result<Json>(const Json& scale)>;

base::Result<net::HttpResponse> write_scale(const ResourceRequest& request, std::string_view options_kind,
                                            bool complete, const ScaleChange& change) {
  const registry::ScalePaths& paths = *request.resource.scale;
  registry::WriteOptions options = SLIPWAY_TRY(write_options(request, options_kind));
  options.subresource.clear();  // the registry sees an update of the object itself
  options.recorded_subresource = "scale";
  const auto change_object = [&](const Json& current) -> base::Result<Json> {
    const Json old = SLIPWAY_TRY(registry::scale_of(paths, current));
    const Json scale = SLIPWAY_TRY(change(old));
    SLIPWAY_TRY(check_scale(scale, old));
    // An update without replicas means 0, as everywhere in Go; a patch cannot make up what was never there.
    const Json& replicas = scale.get({"spec", "replicas"});
    if (replicas.is_null() && !complete)
      return base::fail(ErrorCode::kBadRequest,
                        fmt::format("the spec replicas field \"{}\" cannot be empty", paths.spec_replicas));
    Json object = current;
    registry::set_spec_replicas(paths, object, replicas.integer_or(0));
    const std::string& version = meta::resource_version(scale);
    if (!version.empty()) object.at("metadata").set("resourceVersion", version);
    return object;
  };
  const auto written = SLIPWAY_TRY(request.registry.modify(request.resource, request.key(), change_object, options));
  return scale_response(request, SLIPWAY_TRY(registry::scale_of(paths, *written)));
}

}  // namespace

base::Result<net::HttpResponse> get_scale(const ResourceRequest& request) {
  const auto object = SLIPWAY_TRY(request.registry.get(request.resource, request.key()));
  const registry::ScalePaths& paths = *request.resource.scale;
  const Json scale = SLIPWAY_TRY(registry::scale_of(paths, *object));
  if (!scale["spec"].contains("replicas"))
    return base::fail(ErrorCode::kInternal,
                      fmt::format("Internal error occurred: the spec replicas field \"{}\" does not "
                                  "exist",
                                  paths.spec_replicas));
  return scale_response(request, scale);
}

base::Result<net::HttpResponse> update_scale(const ResourceRequest& request) {
  const Json scale = SLIPWAY_TRY(read_body(request.http, "Scale"));
  return write_scale(request, "UpdateOptions", true, [&](const Json&) -> base::Result<Json> { return scale; });
}

base::Result<net::HttpResponse> patch_scale(const ResourceRequest& request) {
  const std::string type = media_type(request.http.header("content-type"));
  const bool json = type == "application/json-patch+json";
  if (!json && type != "application/merge-patch+json")
    return base::fail(ErrorCode::kUnsupported,
                      "the body of the request was in an unknown format - accepted media types include: "
                      "application/json-patch+json, application/merge-patch+json");
  const Json patch = SLIPWAY_TRY(data::parse_json(request.http.body).with_context("error decoding patch"));
  return write_scale(request, "PatchOptions", false, [&](const Json& scale) -> base::Result<Json> {
    // The patch is not bound to the state it meets, unless it says so.
    Json patched = json ? SLIPWAY_TRY(data::json_patch(scale, patch)) : data::merge_patch(scale, patch);
    if (meta::resource_version(patched) == meta::resource_version(scale))
      patched.at("metadata").erase("resourceVersion");
    return patched;
  });
}

}  // namespace slipway::apiserver
