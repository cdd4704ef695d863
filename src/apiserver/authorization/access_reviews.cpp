#include "apiserver/authorization/access_reviews.h"

#include <algorithm>
#include <fmt/core.h>

#include "apiserver/authorization/policy_rule.h"
#include "meta/object.h"
#include "registry/field_errors.h"

namespace slipway::apiserver {

using base::ErrorCode;
using data::Json;

namespace {

UnstoredResource row(const std::string& group, const std::string& kind, bool namespaced = false) {
  std::string singular = kind;
  std::ranges::transform(singular, singular.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return {.group = group,
          .version = "v1",
          .name = singular + "s",
          .singular = singular,
          .kind = {group, "v1", kind},
          .namespaced = namespaced};
}

// What metadata may not hold. Zero values, as typed clients write them, and what servers add do not count.
Json given_metadata(const Json& body, bool namespaced) {
  Json given = Json::object();
  for (const auto& [key, value] : body["metadata"].members())
    if (!value.is_null() && value != Json(0) && value != Json("") && key != "managedFields" &&
        !(namespaced && key == "namespace"))
      given.set(key, value);
  return given;
}

registry::FieldErrors spec_errors(const Json& body, const RequestPath& path, bool names_subject, bool namespaced) {
  registry::FieldErrors errors;
  const Json& spec = body["spec"];
  const Json& resource = spec["resourceAttributes"];
  const Json& other = spec["nonResourceAttributes"];
  if (!resource.is_null() && !other.is_null())
    errors.push_back(registry::invalid_value("spec.nonResourceAttributes", other,
                                             "cannot be specified in combination with resourceAttributes"));
  if (resource.is_null() && other.is_null())
    errors.push_back(
        registry::invalid_value("spec.resourceAttributes", nullptr,
                                "exactly one of nonResourceAttributes or resourceAttributes must be specified"));
  if (names_subject && spec.text({"user"}).empty() && spec["groups"].empty())
    errors.push_back(registry::invalid_value("spec.user", "", "at least one of user or group must be specified"));
  if (const Json metadata = given_metadata(body, namespaced); !metadata.empty())
    errors.push_back(registry::invalid_value("metadata", metadata,
                                             namespaced ? "must be empty except for namespace" : "must be empty"));
  if (!namespaced) return errors;
  if (!resource.is_null() && resource.text({"namespace"}) != path.ns)
    errors.push_back(registry::invalid_value("spec.resourceAttributes.namespace", resource["namespace"],
                                             "must match metadata.namespace"));
  if (!other.is_null())
    errors.push_back(
        registry::invalid_value("spec.nonResourceAttributes", other, "disallowed on this kind of request"));
  return errors;
}

UserInfo subject_of(const Json& spec) {
  UserInfo user{.name = spec.text({"user"}), .uid = spec.text({"uid"})};
  for (const Json& group : spec["groups"].items()) user.groups.push_back(group.string_or_empty());
  for (const auto& [key, values] : spec["extra"].members())
    for (const Json& value : values.items()) user.extra[key].push_back(value.string_or_empty());
  return user;
}

AccessAttributes attributes_in(const Json& spec, const UserInfo& user) {
  const Json& resource = spec["resourceAttributes"];
  const Json& other = spec["nonResourceAttributes"];
  AccessAttributes attributes{.user = user, .is_resource = !resource.is_null()};
  if (!attributes.is_resource) {
    attributes.verb = other.text({"verb"});
    attributes.path = other.text({"path"});
    return attributes;
  }
  attributes.verb = resource.text({"verb"});
  attributes.group = resource.text({"group"});
  attributes.version = resource.text({"version"}).empty() ? std::string_view("*") : resource.text({"version"});
  attributes.resource = resource.text({"resource"});
  attributes.subresource = resource.text({"subresource"});
  attributes.name = resource.text({"name"});
  attributes.ns = resource.text({"namespace"});
  return attributes;
}

Json access_status(Authorizer& authorizer, const AccessAttributes& attributes) {
  const Verdict verdict = authorizer.authorize(attributes);
  Json status = Json::object({{"allowed", verdict.decision == Decision::kAllow}});
  if (verdict.decision == Decision::kDeny) status.set("denied", true);
  if (!verdict.reason.empty()) status.set("reason", verdict.reason);
  return status;
}

Json rules_status(const RuleReview& review) {
  std::vector<PolicyRule> resources, paths;
  for (const PolicyRule& rule : review.rules) {
    if (!rule.resources.empty()) resources.push_back(rule);
    if (!rule.non_resource_urls.empty())
      paths.push_back({.verbs = rule.verbs, .non_resource_urls = rule.non_resource_urls});
  }
  Json status = Json::object(
      {{"resourceRules", rules_json(resources)}, {"nonResourceRules", rules_json(paths)}, {"incomplete", false}});
  if (!review.error.empty()) status.set("evaluationError", review.error);
  return status;
}

}  // namespace

Json user_json(const UserInfo& user) {
  Json out = Json::object({{"username", user.name}});
  if (!user.uid.empty()) out.set("uid", user.uid);
  for (const std::string& group : user.groups) out.at("groups").append(group);
  for (const auto& [key, values] : user.extra)
    for (const std::string& value : values) out.at({"extra", key}).append(value);
  return out;
}

base::Status check_unstored_kind(const UnstoredResource& review, Json& body) {
  if (!body.is_object()) return base::fail(ErrorCode::kBadRequest, "the object in the body must be a JSON object");
  if (!body.contains("kind") && !body.contains("apiVersion")) {
    body.set("kind", review.kind.kind);
    body.set("apiVersion", review.kind.api_version());
  }
  if (body.text({"kind"}) == review.kind.kind && body.text({"apiVersion"}) == review.kind.api_version()) return {};
  return base::fail(ErrorCode::kBadRequest, fmt::format("the object in the body is {} {}, and {} {} is expected here",
                                                        body.text({"apiVersion"}), body.text({"kind"}),
                                                        review.kind.api_version(), review.kind.kind));
}

std::span<const UnstoredResource> access_reviews() {
  static const std::vector<UnstoredResource> all{
      row("authorization.k8s.io", "SelfSubjectAccessReview"), row("authorization.k8s.io", "SubjectAccessReview"),
      row("authorization.k8s.io", "LocalSubjectAccessReview", true),
      row("authorization.k8s.io", "SelfSubjectRulesReview"), row("authentication.k8s.io", "SelfSubjectReview")};
  return all;
}

const UnstoredResource* find_access_review(const RequestPath& path) {
  if (path.kind != RequestPath::Kind::kCollection) return nullptr;
  for (const UnstoredResource& review : access_reviews())
    if (review.group == path.group && review.version == path.version && review.name == path.resource &&
        review.namespaced != path.ns.empty())
      return &review;
  return nullptr;
}

base::Result<Json> answer_access_review(const UnstoredResource& review, const RequestPath& path, Json body,
                                        const UserInfo& user, Authorizer& authorizer, base::Clock& clock) {
  SLIPWAY_TRY(check_unstored_kind(review, body));
  const std::string& kind = review.kind.kind;
  if (review.namespaced) {
    if (const std::string& ns = meta::ns(body); !ns.empty() && ns != path.ns)
      return base::fail(ErrorCode::kBadRequest,
                        "the namespace of the provided object does not match the namespace sent on the request");
    body.at("metadata").set("namespace", path.ns);
  }
  if (kind == "SelfSubjectReview") {
    body.set("metadata", Json::object({{"creationTimestamp", base::format_rfc3339(clock.now())}}));
    body.set("status", Json::object({{"userInfo", user_json(user)}}));
    return body;
  }
  if (kind == "SelfSubjectRulesReview") {
    const std::string ns = body.text({"spec", "namespace"});
    if (ns.empty()) return base::fail(ErrorCode::kBadRequest, "no namespace on request");
    body.set("status", rules_status(authorizer.rules_for(user, ns)));
    return body;
  }
  const bool names_subject = kind != "SelfSubjectAccessReview";
  if (auto errors = spec_errors(body, path, names_subject, review.namespaced); !errors.empty())
    return registry::invalid_object({review.kind.group, kind}, "", std::move(errors));
  const UserInfo subject = names_subject ? subject_of(body["spec"]) : user;
  body.set("status", access_status(authorizer, attributes_in(body["spec"], subject)));
  return body;
}

}  // namespace slipway::apiserver
