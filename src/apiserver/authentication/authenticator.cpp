#include "apiserver/authentication/authenticator.h"

#include <algorithm>

namespace slipway::apiserver {

using base::ErrorCode;

bool is_in_group(const UserInfo& user, std::string_view group) {
  return std::ranges::find(user.groups, group) != user.groups.end();
}

base::Result<std::optional<UserInfo>> ClientCertificateAuthenticator::authenticate(const net::HttpRequest& request) {
  if (!request.has_certificate || request.certificate.common_name.empty()) return std::optional<UserInfo>();
  UserInfo user{.name = request.certificate.common_name, .groups = request.certificate.organizations};
  user.extra["authentication.kubernetes.io/credential-id"] = {"X509SHA256=" + request.certificate.sha256_fingerprint};
  return std::optional<UserInfo>(std::move(user));
}

base::Result<UserInfo> RequestAuthentication::authenticate(const net::HttpRequest& request) const {
  std::optional<base::Error> refused;
  for (const auto& authenticator : authenticators_) {
    auto user = authenticator->authenticate(request);
    if (!user) {
      refused = std::move(user.error());
      continue;
    }
    if (!user->has_value()) continue;
    UserInfo known = std::move(**user);
    const bool anonymous = known.name == kAnonymousUser || is_in_group(known, kUnauthenticatedGroup);
    if (!anonymous && !is_in_group(known, kAuthenticatedGroup)) known.groups.emplace_back(kAuthenticatedGroup);
    return known;
  }
  if (refused) return std::move(*refused);
  // A token that nobody can read is a wrong one, not none.
  if (request.header("authorization").starts_with("Bearer "))
    return base::fail(ErrorCode::kUnauthorized, "invalid bearer token");
  if (!allow_anonymous_) return base::fail(ErrorCode::kUnauthorized, "the request has no credentials");
  return UserInfo{.name = std::string(kAnonymousUser), .groups = {std::string(kUnauthenticatedGroup)}};
}

}  // namespace slipway::apiserver
