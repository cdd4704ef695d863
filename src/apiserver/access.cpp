#include "apiserver/access.h"

#include <algorithm>
#include <fmt/core.h>

namespace slipway::apiserver {

namespace {

bool is_public(std::string_view path) {
  return path == "/version" || path == "/healthz" || path == "/livez" || path == "/readyz";
}

// As k8s.io/apiserver/pkg/endpoints/handlers/responsewriters.forbiddenMessage.
std::string forbidden_message(const AccessRequest& access) {
  const RequestPath& path = access.path;
  const std::string& user = access.request.certificate.common_name;
  if (path.resource.empty())
    return fmt::format("forbidden: User \"{}\" cannot {} path \"{}\"", user, access.verb, access.request.path);
  const std::string plural = path.group.empty() ? path.resource : path.resource + "." + path.group;
  const std::string resource = path.subresource.empty() ? path.resource : path.resource + "/" + path.subresource;
  const std::string object = path.name.empty() ? plural : fmt::format("{} \"{}\"", plural, path.name);
  const std::string where =
      path.ns.empty() ? std::string("at the cluster scope") : fmt::format("in the namespace \"{}\"", path.ns);
  return fmt::format("{} is forbidden: User \"{}\" cannot {} resource \"{}\" in API group \"{}\" {}", object, user,
                     access.verb, resource, path.group, where);
}

}  // namespace

base::Status check_certificate_access(const AccessRequest& access) {
  if (is_public(access.request.path)) return {};
  if (!access.request.has_certificate) return base::fail(base::ErrorCode::kUnauthorized, "Unauthorized");
  const auto& groups = access.request.certificate.organizations;
  if (std::ranges::find(groups, "system:masters") != groups.end()) return {};
  return base::fail(base::ErrorCode::kForbidden, forbidden_message(access));
}

}  // namespace slipway::apiserver
