#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "apiserver/authentication/authenticator.h"

namespace slipway::apiserver {

struct TokenVerdict {
  UserInfo user;
  // For whom the token holds, of those that were asked about; empty: it is no matter of the token's (it names nobody),
  // and it holds for this server.
  std::vector<std::string> audiences;
};

// Reads one form of bearer tokens. Thread-safe; quick, or bounded by a few seconds.
class TokenAuthenticator {
 public:
  virtual ~TokenAuthenticator() = default;
  // Nobody: the token is not of this form, or from somebody else. kUnauthorized: it is, and it does not hold; the
  // message is for the log and holds nothing of the token. `audiences`: one of them must be meant by the token.
  virtual base::Result<std::optional<TokenVerdict>> authenticate(std::string_view token,
                                                                 const std::vector<std::string>& audiences) = 0;
};

// Every form of token that a server knows.
class TokenAuthentication {
 public:
  TokenAuthentication(std::vector<std::shared_ptr<TokenAuthenticator>> authenticators,
                      std::vector<std::string> server_audiences)
      : authenticators_(std::move(authenticators)), server_audiences_(std::move(server_audiences)) {}
  // `audiences` empty: those of this server. Nobody when no authenticator knows the token.
  base::Result<std::optional<TokenVerdict>> authenticate(std::string_view token,
                                                         std::vector<std::string> audiences = {}) const;

 private:
  const std::vector<std::shared_ptr<TokenAuthenticator>> authenticators_;
  const std::vector<std::string> server_audiences_;
};

// "Authorization: Bearer <token>" (RFC 6750, section 2.1).
class BearerTokenAuthenticator final : public Authenticator {
 public:
  explicit BearerTokenAuthenticator(std::shared_ptr<const TokenAuthentication> tokens) : tokens_(std::move(tokens)) {}
  base::Result<std::optional<UserInfo>> authenticate(const net::HttpRequest& request) override;

 private:
  const std::shared_ptr<const TokenAuthentication> tokens_;
};

// Those of `left` that are in `right`, too.
std::vector<std::string> common_audiences(const std::vector<std::string>& left, const std::vector<std::string>& right);

// Extra of a user: which token it was, by its id ("jti"); the form of kube-apiserver.
void set_credential_id(UserInfo& user, const std::string& token_id);

}  // namespace slipway::apiserver
