#include <fmt/core.h>

#include "apiserver/request_body.h"
#include "apiserver/request_options.h"
#include "apiserver/resource_request.h"
#include "apiserver/strategic_merge.h"
#include "data/json_text.h"
#include "data/patch.h"
#include "data/yaml.h"
#include "meta/object.h"
#include "registry/field_errors.h"

namespace slipway::apiserver {

using base::ErrorCode;
using data::Json;

namespace {

constexpr int kPatchAttempts = 10;

// Unknown fields refused (Strict) or turned into the Warning headers of the answer (Warn).
base::Result<std::vector<std::string>> validate_fields(const ResourceRequest& request, const Json& object) {
  const FieldValidation validation = SLIPWAY_TRY(parse_field_validation(request.http.query_value("fieldValidation")));
  std::vector<std::string> warnings;
  if (validation == FieldValidation::kIgnore) return warnings;
  std::string all;
  for (const std::string& field : unknown_fields(request.resource, object)) {
    warnings.push_back(fmt::format("unknown field \"{}\"", field));
    all += (all.empty() ? "" : ", ") + warnings.back();
  }
  if (validation == FieldValidation::kStrict && !all.empty())
    return base::fail(
        ErrorCode::kBadRequest,
        fmt::format("{} in version \"{}\" cannot be handled as a {}: strict decoding error: {}",
                    request.resource.resource->kind, request.resource.version, request.resource.resource->kind, all));
  return warnings;
}

// As validate_fields; a patch with unknown fields makes an invalid object.
base::Result<std::vector<std::string>> validate_patch_fields(const ResourceRequest& request, const Json& patch) {
  auto warnings = validate_fields(request, patch);
  if (warnings || request.http.query_value("fieldValidation") != "Strict") return warnings;
  const std::string& message = warnings.error().message();
  return registry::invalid_object(
      request.resource.resource->group_kind(), request.path.name,
      {registry::invalid_value("patch", request.http.body, message.substr(message.find("strict decoding error")))});
}

// The object in the body, with the URL's namespace and, for built-in kinds, its kind.
base::Result<Json> read_object(const ResourceRequest& request) {
  Json object = SLIPWAY_TRY(read_body(request.http, request.resource.resource->kind));
  if (!object.is_object()) return base::fail(ErrorCode::kBadRequest, "the object in the body must be a JSON object");
  if (request.is_built_in() && !object.contains("kind") && !object.contains("apiVersion")) {
    object.set("kind", request.resource.resource->kind);
    object.set("apiVersion", request.resource.gvk().api_version());
  }
  const bool namespaced = request.resource.resource->namespaced;
  const std::string& ns = meta::ns(object);
  if (namespaced && !ns.empty() && ns != request.path.ns)
    return base::fail(ErrorCode::kBadRequest,
                      "the namespace of the provided object does not match the namespace sent on the request");
  const Json& metadata = object["metadata"];
  if (metadata.is_null() || metadata.is_object()) {
    if (namespaced) object.at("metadata").set("namespace", request.path.ns);
    if (!namespaced && metadata.is_object()) object.at("metadata").erase("namespace");
  }
  return object;
}

base::Result<meta::ObjectPtr> patch_strategically(const ResourceRequest& request, const Json& patch,
                                                  const registry::WriteOptions& options) {
  for (int attempt = 1;; ++attempt) {
    const auto current = SLIPWAY_TRY(request.registry.get(request.resource, request.key()));
    const Json merged = SLIPWAY_TRY(strategic_merge(*current, patch));
    Json difference = data::diff_merge_patch(*current, merged);
    if (!difference.is_object()) difference = Json::object();
    const bool locked = patch["metadata"].contains("resourceVersion");
    if (!locked) difference.at("metadata").set("resourceVersion", meta::resource_version(*current));
    auto patched =
        request.registry.patch(request.resource, request.key(), registry::PatchType::kMerge, difference, options);
    const bool raced = !patched && patched.error().code() == ErrorCode::kConflict && !locked;
    if (!raced || attempt == kPatchAttempts) return patched;
  }
}

base::Result<registry::DeleteOptions> delete_options(const ResourceRequest& request) {
  registry::DeleteOptions options;
  options.dry_run = SLIPWAY_TRY(dry_run(request.http, "DeleteOptions"));
  std::string policy(request.http.query_value("propagationPolicy"));
  if (!request.http.body.empty()) {
    const Json body = SLIPWAY_TRY(read_body(request.http, "DeleteOptions"));
    if (!body.is_object() || (body.contains("kind") && body.text({"kind"}) != "DeleteOptions"))
      return base::fail(ErrorCode::kBadRequest, "the body of a delete request must be DeleteOptions");
    if (const std::string& text = body.text({"propagationPolicy"}); !text.empty()) policy = text;
    options.precondition_uid = body.text({"preconditions", "uid"});
    options.precondition_resource_version = body.text({"preconditions", "resourceVersion"});
    for (const Json& item : body["dryRun"].items()) options.dry_run |= item == Json("All");
  }
  if (policy.empty() || policy == "Background") {
    options.propagation = registry::Propagation::kBackground;
  } else if (policy == "Foreground") {
    options.propagation = registry::Propagation::kForeground;
  } else if (policy == "Orphan") {
    options.propagation = registry::Propagation::kOrphan;
  } else {
    return invalid_option("DeleteOptions", registry::unsupported_value(
                                               "propagationPolicy", policy,
                                               {Json("Foreground"), Json("Background"), Json("Orphan"), Json("nil")}));
  }
  return options;
}

}  // namespace

base::Result<net::HttpResponse> create_object(const ResourceRequest& request) {
  const registry::WriteOptions options = SLIPWAY_TRY(write_options(request, "CreateOptions"));
  Json object = SLIPWAY_TRY(read_object(request));
  const auto warnings = SLIPWAY_TRY(validate_fields(request, object));
  const auto created = SLIPWAY_TRY(request.registry.create(request.resource, std::move(object), options));
  auto response = SLIPWAY_TRY(object_response(request, 201, *created));
  add_warnings(response, warnings);
  add_warnings(response, request.registry.warnings(request.resource, *created));
  return response;
}

base::Result<net::HttpResponse> update_object(const ResourceRequest& request) {
  const registry::WriteOptions options = SLIPWAY_TRY(write_options(request, "UpdateOptions"));
  Json object = SLIPWAY_TRY(read_object(request));
  if (meta::name(object) != request.path.name)
    return base::fail(ErrorCode::kBadRequest,
                      fmt::format("the name of the object ({}) does not match the name on the URL ({})",
                                  meta::name(object), request.path.name));
  const auto warnings = SLIPWAY_TRY(validate_fields(request, object));
  const auto updated = SLIPWAY_TRY(request.registry.update(request.resource, std::move(object), options));
  auto response = SLIPWAY_TRY(object_response(request, 200, *updated));
  add_warnings(response, warnings);
  add_warnings(response, request.registry.warnings(request.resource, *updated));
  return response;
}

base::Result<net::HttpResponse> patch_object(const ResourceRequest& request) {
  const registry::WriteOptions options = SLIPWAY_TRY(write_options(request, "PatchOptions"));
  const std::string type = media_type(request.http.header("content-type"));
  const bool custom = !request.is_built_in();
  const bool json = type == "application/json-patch+json";
  const bool strategic = type == "application/strategic-merge-patch+json";
  if (type == "application/apply-patch+yaml") return apply_object(request);
  if (request.http.query.contains("force"))
    return invalid_option("PatchOptions",
                          registry::forbidden_value("force", "may not be specified for non-apply patch"));
  if ((strategic && custom) || (!json && !strategic && type != "application/merge-patch+json"))
    return base::fail(
        ErrorCode::kUnsupported,
        fmt::format("the body of the request was in an unknown format - accepted media types include: "
                    "application/json-patch+json, application/merge-patch+json{}, application/apply-patch+yaml",
                    custom ? "" : ", application/strategic-merge-patch+json"));
  const Json patch = SLIPWAY_TRY(data::parse_json(request.http.body).with_context("error decoding patch"));
  std::vector<std::string> warnings;
  if (!json) warnings = SLIPWAY_TRY(validate_patch_fields(request, patch));
  const auto patched =
      strategic ? SLIPWAY_TRY(patch_strategically(request, patch, options))
                : SLIPWAY_TRY(request.registry.patch(request.resource, request.key(),
                                                     json ? registry::PatchType::kJson : registry::PatchType::kMerge,
                                                     patch, options));
  auto response = SLIPWAY_TRY(object_response(request, 200, *patched));
  add_warnings(response, warnings);
  add_warnings(response, request.registry.warnings(request.resource, *patched));
  return response;
}

base::Result<net::HttpResponse> delete_object(const ResourceRequest& request) {
  const registry::DeleteOptions options = SLIPWAY_TRY(delete_options(request));
  const auto object = SLIPWAY_TRY(request.registry.remove(request.resource, request.key(), options));
  const bool stays = !object->get({"metadata", "finalizers"}).empty() || !object->get({"spec", "finalizers"}).empty();
  // As kube-apiserver: the object while something still holds it, a Status with its uid when it is gone.
  if (stays) return object_response(request, 200, *object);
  Negotiated form = request.form;
  form.shape = Negotiated::Shape::kObject;
  return make_response(200, success_status(request.subject(), meta::uid(*object)), form);
}

base::Result<net::HttpResponse> delete_collection(const ResourceRequest& request) {
  const registry::DeleteOptions options = SLIPWAY_TRY(delete_options(request));
  const registry::ListOptions selection = SLIPWAY_TRY(list_options(request));
  const registry::ObjectList list = SLIPWAY_TRY(request.registry.list(request.resource, selection));
  Json items = Json::array();
  for (const auto& object : list.items) {
    auto removed = request.registry.remove(request.resource, meta::key_of(*object), options);
    if (!removed && removed.error().code() == ErrorCode::kNotFound) continue;
    items.append(*SLIPWAY_TRY(std::move(removed)));
  }
  Negotiated form = request.form;
  form.shape = Negotiated::Shape::kObject;
  Json metadata = Json::object({{"resourceVersion", list.resource_version}});
  if (!list.continue_token.empty()) metadata.set("continue", list.continue_token);
  return make_response(200,
                       Json::object({{"apiVersion", request.resource.gvk().api_version()},
                                     {"kind", request.resource.resource->list_kind},
                                     {"metadata", std::move(metadata)},
                                     {"items", std::move(items)}}),
                       form);
}

}  // namespace slipway::apiserver
