#include "apiserver/authorization/request_access.h"

#include <algorithm>
#include <cctype>
#include <fmt/core.h>

#include "data/json_text.h"
#include "meta/selector.h"

namespace slipway::apiserver {

namespace {

// Go's %q for ordinary text, without what could be read as HTML.
std::string quoted(std::string_view text) {
  std::string json, out;
  data::append_json_string(json, text);
  for (const char c : json) {
    if (c == '&') {
      out += "&amp;";
    } else if (c == '<') {
      out += "&lt;";
    } else if (c == '>') {
      out += "&gt;";
    } else {
      out += c;
    }
  }
  return out;
}

// As k8s.io/apiserver/pkg/endpoints/handlers/responsewriters.ForbiddenStatusError.
std::string forbidden_message(const AccessAttributes& attributes, const std::string& reason) {
  const std::string because = reason.empty() ? "" : ": " + reason;
  const std::string user = quoted(attributes.user.name);
  if (!attributes.is_resource)
    return fmt::format("forbidden: User {} cannot {} path {}{}", user, attributes.verb, quoted(attributes.path),
                       because);
  const std::string plural = attributes.group.empty() ? std::string(attributes.resource)
                                                      : fmt::format("{}.{}", attributes.resource, attributes.group);
  const std::string resource = attributes.subresource.empty()
                                   ? std::string(attributes.resource)
                                   : fmt::format("{}/{}", attributes.resource, attributes.subresource);
  const std::string object = attributes.name.empty() ? plural : fmt::format("{} \"{}\"", plural, attributes.name);
  const std::string where =
      attributes.ns.empty() ? "at the cluster scope" : "in the namespace " + quoted(attributes.ns);
  return fmt::format("{} is forbidden: User {} cannot {} resource {} in API group {} {}{}", object, user,
                     attributes.verb, quoted(resource), quoted(attributes.group), where, because);
}

bool is_resource_path(const RequestPath& path) {
  return path.kind == RequestPath::Kind::kCollection || path.kind == RequestPath::Kind::kObject;
}

bool is_watch(const net::HttpRequest& request) {
  if (!request.has_query("watch")) return false;
  const std::string_view text = request.query_value("watch");
  return text != "false" && text != "0";
}

}  // namespace

std::string verb_of(const net::HttpRequest& request, const RequestPath& path) {
  if (!is_resource_path(path)) {
    std::string verb = request.method;
    std::ranges::transform(verb, verb.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return verb;
  }
  const bool object = path.kind == RequestPath::Kind::kObject;
  if (request.method == "GET" || request.method == "HEAD") return object ? "get" : is_watch(request) ? "watch" : "list";
  if (request.method == "POST") return "create";
  if (request.method == "PUT") return "update";
  if (request.method == "PATCH") return "patch";
  if (request.method == "DELETE") return object ? "delete" : "deletecollection";
  return "";
}

std::string selected_name(const net::HttpRequest& request) {
  const std::string_view text = request.query_value("fieldSelector");
  if (text.empty()) return {};
  const auto selector = meta::FieldSelector::parse(text);
  if (!selector) return {};
  for (const auto& requirement : selector->requirements()) {
    const std::string& value = requirement.value;
    if (requirement.path != "metadata.name" || !requirement.equal) continue;
    const bool is_segment = value != "." && value != ".." && value.find_first_of("/%") == value.npos;
    return is_segment ? value : std::string();
  }
  return {};
}

AccessAttributes attributes_of(const UserInfo& user, std::string_view verb, const net::HttpRequest& request,
                               const RequestPath& path, std::string_view selected_name) {
  AccessAttributes attributes{.user = user, .verb = verb, .is_resource = is_resource_path(path), .path = request.path};
  if (!attributes.is_resource) return attributes;
  attributes.group = path.group;
  attributes.version = path.version;
  attributes.resource = path.resource;
  attributes.subresource = path.subresource;
  attributes.name = path.name;
  if (path.kind == RequestPath::Kind::kCollection && (verb == "list" || verb == "watch"))
    attributes.name = selected_name;
  // namespaces/<name> is in the namespace <name>, so that a Role there can speak of it.
  attributes.ns = path.resource == "namespaces" && path.ns.empty() ? std::string_view(path.name) : path.ns;
  return attributes;
}

base::Status check_access(Authorizer& authorizer, const AccessAttributes& attributes) {
  const Verdict verdict = authorizer.authorize(attributes);
  if (verdict.decision == Decision::kAllow) return {};
  return base::fail(base::ErrorCode::kForbidden, forbidden_message(attributes, verdict.reason));
}

}  // namespace slipway::apiserver
