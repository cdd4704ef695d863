#include "apiserver/authentication/token_authenticator.h"

#include <algorithm>

namespace slipway::apiserver {

namespace {

constexpr std::string_view kScheme = "bearer ";

bool is_bearer(std::string_view header) {
  return header.size() >= kScheme.size() &&
         std::ranges::equal(header.substr(0, kScheme.size()), kScheme, [](char given, char wanted) {
           return (given >= 'A' && given <= 'Z' ? given + 32 : given) == wanted;
         });
}

}  // namespace

std::vector<std::string> common_audiences(const std::vector<std::string>& left, const std::vector<std::string>& right) {
  std::vector<std::string> both;
  std::ranges::copy_if(left, std::back_inserter(both),
                       [&](const std::string& audience) { return std::ranges::find(right, audience) != right.end(); });
  return both;
}

void set_credential_id(UserInfo& user, const std::string& token_id) {
  if (!token_id.empty()) user.extra["authentication.kubernetes.io/credential-id"] = {"JTI=" + token_id};
}

base::Result<std::optional<TokenVerdict>> TokenAuthentication::authenticate(std::string_view token,
                                                                            std::vector<std::string> audiences) const {
  const bool asked = !audiences.empty();
  if (!asked) audiences = server_audiences_;
  std::optional<base::Error> refused;
  for (const auto& authenticator : authenticators_) {
    auto verdict = authenticator->authenticate(token, audiences);
    if (!verdict) {
      refused = std::move(verdict.error());
      continue;
    }
    if (!verdict->has_value()) continue;
    if ((*verdict)->audiences.empty()) {
      (*verdict)->audiences = common_audiences(audiences, server_audiences_);
      if (asked && (*verdict)->audiences.empty()) continue;
    }
    return verdict;
  }
  if (refused) return std::move(*refused);
  return std::optional<TokenVerdict>();
}

base::Result<std::optional<UserInfo>> BearerTokenAuthenticator::authenticate(const net::HttpRequest& request) {
  const std::string_view header = request.header("authorization");
  if (!is_bearer(header)) return std::optional<UserInfo>();
  std::string_view token = header.substr(kScheme.size());
  while (token.starts_with(' ')) token.remove_prefix(1);
  if (token.empty()) return std::optional<UserInfo>();
  auto verdict = SLIPWAY_TRY(tokens_->authenticate(token));
  if (!verdict) return base::fail(base::ErrorCode::kUnauthorized, "invalid bearer token");
  return std::optional<UserInfo>(std::move(verdict->user));
}

}  // namespace slipway::apiserver
