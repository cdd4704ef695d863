#pragma once

#include <span>

#include "apiserver/authentication/service_account_tokens.h"
#include "apiserver/discovery.h"
#include "apiserver/request_path.h"
#include "net/http_message.h"

// What is asked about tokens: the subresource serviceaccounts/token (TokenRequest), TokenReview, and the documents by
// which others verify tokens of ServiceAccounts. Nothing of it is stored.
namespace slipway::apiserver {

// `issues`: tokens of ServiceAccounts are made here.
std::span<const UnstoredResource> token_resources(bool issues);

bool is_token_request(const RequestPath& path);
bool is_token_review(const RequestPath& path);

base::Result<data::Json> answer_token_request(ServiceAccountTokens& tokens, const RequestPath& path, data::Json body);
// Whom the token in spec.token belongs to. A token that does not hold is an answer, not an error.
base::Result<data::Json> answer_token_review(const TokenAuthentication& tokens, data::Json body);

// /.well-known/openid-configuration and /openid/v1/jwks; nothing for other paths.
std::optional<net::HttpResponse> issuer_document(const ServiceAccountTokens& tokens, std::string_view path);

}  // namespace slipway::apiserver
