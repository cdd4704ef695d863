#include "apiserver/authentication/token_resources.h"

#include <array>

#include "apiserver/authorization/access_reviews.h"
#include "data/json_text.h"

namespace slipway::apiserver {

using base::ErrorCode;
using base::Result;
using data::Json;

namespace {

const std::array<UnstoredResource, 2>& all() {
  static const std::array<UnstoredResource, 2> rows{
      UnstoredResource{.group = "authentication.k8s.io",
                       .version = "v1",
                       .name = "tokenreviews",
                       .singular = "tokenreview",
                       .kind = {"authentication.k8s.io", "v1", "TokenReview"}},
      UnstoredResource{.group = "",
                       .version = "v1",
                       .name = "serviceaccounts/token",
                       .singular = "",
                       .kind = {"authentication.k8s.io", "v1", "TokenRequest"},
                       .namespaced = true}};
  return rows;
}

net::HttpResponse document(const Json& content, std::string type) {
  return {200, {{"content-type", std::move(type)}, {"cache-control", "public, max-age=3600"}}, data::to_json(content)};
}

}  // namespace

std::span<const UnstoredResource> token_resources(bool issues) {
  return std::span<const UnstoredResource>(all()).first(issues ? 2 : 1);
}

bool is_token_request(const RequestPath& path) {
  return path.kind == RequestPath::Kind::kObject && path.group.empty() && path.version == "v1" &&
         path.resource == "serviceaccounts" && path.subresource == "token" && !path.ns.empty();
}

bool is_token_review(const RequestPath& path) {
  return path.kind == RequestPath::Kind::kCollection && path.group == "authentication.k8s.io" && path.version == "v1" &&
         path.resource == "tokenreviews" && path.ns.empty();
}

Result<Json> answer_token_request(ServiceAccountTokens& tokens, const RequestPath& path, Json body) {
  SLIPWAY_TRY(check_unstored_kind(all()[1], body));
  return tokens.issue({path.ns, path.name}, std::move(body));
}

Result<Json> answer_token_review(const TokenAuthentication& tokens, Json body) {
  SLIPWAY_TRY(check_unstored_kind(all()[0], body));
  const std::string& token = body.text({"spec", "token"});
  if (token.empty()) return base::fail(ErrorCode::kBadRequest, "token is required for TokenReview in authentication");
  std::vector<std::string> audiences;
  for (const Json& audience : body.get({"spec", "audiences"}).items()) audiences.push_back(audience.string_or_empty());
  const auto verdict = tokens.authenticate(token, std::move(audiences));
  if (!verdict || !*verdict) {
    body.set("status", Json::object({{"authenticated", false}, {"user", Json::object()}}));
    if (!verdict) body.at("status").set("error", "invalid bearer token");
    return body;
  }
  UserInfo user = (*verdict)->user;
  if (!is_in_group(user, kAuthenticatedGroup)) user.groups.emplace_back(kAuthenticatedGroup);
  body.set("status", Json::object({{"authenticated", true}, {"user", user_json(user)}}));
  for (const std::string& audience : (*verdict)->audiences) body.at({"status", "audiences"}).append(audience);
  return body;
}

std::optional<net::HttpResponse> issuer_document(const ServiceAccountTokens& tokens, std::string_view path) {
  if (path == "/.well-known/openid-configuration") return document(tokens.discovery_document(), "application/json");
  if (path != "/openid/v1/jwks") return std::nullopt;
  const auto keys = tokens.key_set();
  if (!keys) return std::nullopt;
  return document(*keys, "application/jwk-set+json");
}

}  // namespace slipway::apiserver
