#include <algorithm>
#include <charconv>
#include <fmt/core.h>
#include <fmt/ranges.h>

#include "apiserver/request_body.h"
#include "apiserver/request_options.h"
#include "apiserver/resource_request.h"
#include "data/json_text.h"
#include "meta/object.h"
#include "registry/field_errors.h"

namespace slipway::apiserver {

using base::ErrorCode;
using data::Json;

namespace {

// As Go's decoder names it.
std::string_view json_type(const Json& value) {
  if (value.is_string()) return "string";
  if (value.is_bool()) return "bool";
  if (value.is_array()) return "array";
  return value.is_object() ? "object" : "number";
}

struct BodyObject {
  Json object;
  std::vector<std::string> duplicates;  // paths of keys that stand twice
};

// Unknown and duplicate fields refused (Strict) or turned into the Warning headers of the answer (Warn).
base::Result<std::vector<std::string>> validate_fields(const ResourceRequest& request, const BodyObject& body,
                                                       FieldValidation validation) {
  if (validation == FieldValidation::kIgnore) return std::vector<std::string>();
  std::vector<std::string> problems = form_problems(request.resource, body.object, body.duplicates);
  const std::string& kind = request.resource.resource->kind;
  if (validation == FieldValidation::kStrict && !problems.empty())
    return base::fail(ErrorCode::kBadRequest, fmt::format("{} in version \"{}\" cannot be handled as a {}: {}", kind,
                                                          request.resource.version, kind, strict_error(problems)));
  return problems;
}

// The object in the body, with the URL's namespace and, for built-in kinds, its kind.
base::Result<BodyObject> read_object(const ResourceRequest& request) {
  BodyObject body;
  body.object = SLIPWAY_TRY(read_body(request.http, request.resource.resource->kind, &body.duplicates));
  Json& object = body.object;
  if (!object.is_object()) return base::fail(ErrorCode::kBadRequest, "the object in the body must be a JSON object");
  if (request.is_built_in()) {
    if (!object.contains("kind")) object.set("kind", request.resource.resource->kind);
    if (!object.contains("apiVersion")) object.set("apiVersion", request.resource.gvk().api_version());
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
  return body;
}

// Kinds of Kubernetes itself are decoded into their types before anything looks at them: there a value of another type
// is a bad request. Definitions hold values of any type, and their own checks name those that do not fit.
base::Error as_decoding_error(const ResourceRequest& request, base::Error error) {
  if (error.code() != ErrorCode::kInvalid || !request.is_built_in() || request.path.group == "apiextensions.k8s.io")
    return error;
  const auto wrong = std::ranges::find(error.fields(), "FieldValueTypeInvalid", &base::FieldError::reason);
  if (wrong == error.fields().end()) return error;
  const std::string& kind = request.resource.resource->kind;
  return {ErrorCode::kBadRequest, fmt::format("{} in version \"{}\" cannot be handled as a {}: {}: {}", kind,
                                              request.resource.version, kind, wrong->field, wrong->message)};
}

// As kube-apiserver (AllowCreateOnUpdate): a PUT of these kinds makes the object that is not there.
bool is_created_by_update(const ResourceRequest& request) {
  const std::string& group = request.path.group;
  if (!request.is_built_in() || !request.path.subresource.empty()) return false;
  return group == "coordination.k8s.io" || group == "events.k8s.io" || group == "rbac.authorization.k8s.io" ||
         request.path.resource == "events";
}

base::Result<net::HttpResponse> create_missing(const ResourceRequest& request, Json object,
                                               const registry::WriteOptions& options) {
  if (!meta::uid(object).empty())
    return registry::conflict(
        request.resource.resource->group_resource(), request.path.name,
        fmt::format("Precondition failed: UID in precondition: {}, UID in object meta: ", meta::uid(object)));
  object.at("metadata").erase("resourceVersion");
  const auto created = SLIPWAY_TRY(request.registry.create(request.resource, std::move(object), options));
  return object_response(request, 201, *created);
}

// Whose fields have another type than Go's decoder takes; a null is no value. Nothing is deleted by half-read options.
base::Status check_delete_options(const Json& body) {
  struct Field {
    std::initializer_list<std::string_view> path;
    std::string_view type;
    bool (Json::*fits)() const;
  };
  for (const Field& field :
       {Field{{"gracePeriodSeconds"}, "int64", &Json::is_integer}, Field{{"orphanDependents"}, "bool", &Json::is_bool},
        Field{{"propagationPolicy"}, "v1.DeletionPropagation", &Json::is_string},
        Field{{"dryRun"}, "[]string", &Json::is_array}, Field{{"preconditions"}, "v1.Preconditions", &Json::is_object},
        Field{{"preconditions", "uid"}, "types.UID", &Json::is_string},
        Field{{"preconditions", "resourceVersion"}, "string", &Json::is_string}}) {
    const Json& value = body.get(field.path);
    if (!value.is_null() && !(value.*field.fits)())
      return base::fail(ErrorCode::kBadRequest,
                        fmt::format("json: cannot unmarshal {} into Go struct field DeleteOptions.{} of type {}",
                                    json_type(value), fmt::join(field.path, "."), field.type));
  }
  return {};
}

// The body, or without one the parameters.
base::Result<Json> sent_delete_options(const ResourceRequest& request) {
  if (!request.http.body.empty()) {
    Json body = SLIPWAY_TRY(read_body(request.http, "DeleteOptions"));
    if (!body.is_object() || (body.contains("kind") && body.text({"kind"}) != "DeleteOptions"))
      return base::fail(ErrorCode::kBadRequest, "the body of a delete request must be DeleteOptions");
    SLIPWAY_TRY(check_delete_options(body));
    return body;
  }
  Json options = Json::object();
  if (const std::string_view policy = request.http.query_value("propagationPolicy"); !policy.empty())
    options.set("propagationPolicy", policy);
  if (const std::string_view orphan = request.http.query_value("orphanDependents"); !orphan.empty())
    options.set("orphanDependents", orphan != "false" && orphan != "0");
  const std::string_view seconds = request.http.query_value("gracePeriodSeconds");
  std::int64_t parsed = 0;
  const auto [end, problem] = std::from_chars(seconds.data(), seconds.data() + seconds.size(), parsed);
  if (!seconds.empty() && (problem != std::errc() || end != seconds.data() + seconds.size()))
    return base::fail(ErrorCode::kBadRequest,
                      fmt::format("strconv.ParseInt: parsing {}: invalid syntax", data::to_json(Json(seconds))));
  return options;
}

base::Result<registry::Propagation> propagation_of(const Json& sent) {
  const std::string& policy = sent.text({"propagationPolicy"});
  if (!policy.empty() && sent["orphanDependents"].is_bool())
    return invalid_option("DeleteOptions",
                          registry::invalid_value("propagationPolicy", policy,
                                                  "orphanDependents and deletionPropagation cannot be both set"));
  if (policy == "Foreground") return registry::Propagation::kForeground;
  if (policy == "Orphan" || sent["orphanDependents"].bool_or(false)) return registry::Propagation::kOrphan;
  if (policy.empty() || policy == "Background") return registry::Propagation::kBackground;
  return invalid_option("DeleteOptions", registry::unsupported_value(
                                             "propagationPolicy", policy,
                                             {Json("Foreground"), Json("Background"), Json("Orphan"), Json("nil")}));
}

base::Result<registry::DeleteOptions> delete_options(const ResourceRequest& request) {
  const Json sent = SLIPWAY_TRY(sent_delete_options(request));
  const bool dry_run_asked = SLIPWAY_TRY(dry_run(request.http, "DeleteOptions"));
  registry::DeleteOptions options;
  options.dry_run = SLIPWAY_TRY(dry_run_of(sent["dryRun"], "DeleteOptions")) || dry_run_asked;
  options.propagation = SLIPWAY_TRY(propagation_of(sent));
  options.precondition_uid = sent.text({"preconditions", "uid"});
  options.precondition_resource_version = sent.text({"preconditions", "resourceVersion"});
  return options;
}

// What a creation was told, while it is under way.
struct Creation {
  Json object;
  registry::WriteOptions options;
  registry::ObjectText text;
  std::vector<std::string> warnings;
};

base::Result<Creation> read_creation(const ResourceRequest& request) {
  Creation creation;
  creation.options = SLIPWAY_TRY(write_options(request, "CreateOptions"));
  const FieldValidation validation = SLIPWAY_TRY(field_validation(request.http, "CreateOptions"));
  BodyObject body = SLIPWAY_TRY(read_object(request));
  creation.warnings = SLIPWAY_TRY(validate_fields(request, body, validation));
  creation.object = std::move(body.object);
  return creation;
}

base::Result<net::HttpResponse> created_response(const ResourceRequest& request, const Creation& creation,
                                                 const base::Result<registry::ObjectPtr>& created) {
  if (!created) return as_decoding_error(request, created.error());
  auto response = SLIPWAY_TRY(object_response(request, 201, **created, creation.text));
  add_warnings(response, creation.warnings);
  add_warnings(response, request.registry.warnings(request.resource, **created));
  return response;
}

}  // namespace

void create_object(const ResourceRequest& request, net::Responder& connection, AnswerLater answer) {
  auto read = read_creation(request);
  if (!read) return answer(read.error());
  const auto creation = std::make_shared<Creation>(std::move(*read));
  creation->options.written = &creation->text;
  request.registry.create_later(
      request.resource, std::move(creation->object), creation->options,
      [&request, &connection, creation, answer = std::move(answer)](registry::Registry::Outcome outcome) mutable {
        connection.resume([&request, creation = std::move(creation), answer = std::move(answer),
                           outcome = std::move(outcome)] { answer(created_response(request, *creation, outcome())); });
      });
}

base::Result<net::HttpResponse> update_object(const ResourceRequest& request) {
  registry::WriteOptions options = SLIPWAY_TRY(write_options(request, "UpdateOptions"));
  registry::ObjectText text;
  options.written = &text;
  const FieldValidation validation = SLIPWAY_TRY(field_validation(request.http, "UpdateOptions"));
  const BodyObject body = SLIPWAY_TRY(read_object(request));
  if (meta::name(body.object).empty())
    return base::fail(ErrorCode::kBadRequest,
                      fmt::format("the name of the object ({} based on URL) was undeterminable: name must be provided",
                                  request.path.name));
  if (meta::name(body.object) != request.path.name)
    return base::fail(ErrorCode::kBadRequest,
                      fmt::format("the name of the object ({}) does not match the name on the URL ({})",
                                  meta::name(body.object), request.path.name));
  const auto warnings = SLIPWAY_TRY(validate_fields(request, body, validation));
  const auto updated = request.registry.update(request.resource, body.object, options);
  const bool missing = !updated && updated.error().code() == ErrorCode::kNotFound;
  if (!updated && !(missing && is_created_by_update(request))) return as_decoding_error(request, updated.error());
  auto response = missing ? SLIPWAY_TRY(create_missing(request, body.object, options))
                          : SLIPWAY_TRY(object_response(request, 200, **updated, text));
  add_warnings(response, warnings);
  if (updated) add_warnings(response, request.registry.warnings(request.resource, **updated));
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
