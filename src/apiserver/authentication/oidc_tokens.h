#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "apiserver/authentication/token_authenticator.h"
#include "apiserver/authentication/verified_tokens.h"
#include "base/clock.h"
#include "pki/jwt.h"

namespace slipway::apiserver {

// The body of an answer 200 to GET of an https URL. Bounded in time and size by whoever gives it.
using FetchDocument = std::function<base::Result<std::string>(const std::string& url)>;

// As the flags --oidc-* of kube-apiserver.
struct OidcOptions {
  std::string issuer_url;  // https
  std::string client_id;   // must be among the token's audiences
  std::string username_claim = "sub";
  // "": the issuer and "#" before every claim but email, nothing before that; "-": nothing.
  std::string username_prefix;
  std::string groups_claim;  // "" = tokens give no groups
  std::string groups_prefix;
  std::map<std::string, std::string> required_claims;
  std::vector<pki::SignatureAlgorithm> algorithms{pki::SignatureAlgorithm::kRs256};
};
// kInvalid names the flag that is wrong.
base::Status check_oidc_options(const OidcOptions& options);

// The user that verified claims name; kUnauthorized says what they lack. Pure.
base::Result<UserInfo> oidc_user(const OidcOptions& options, const data::Json& claims);

// Tokens of an OpenID Connect issuer (Discovery 1.0). Its keys are fetched by an own thread: at the start, every hour,
// and when a token names an unknown one, but not twice within 10 seconds; an issuer that cannot be reached is asked
// again and again, its tokens are refused meanwhile. Thread-safe.
class OidcTokens final : public TokenAuthenticator {
 public:
  OidcTokens(OidcOptions options, FetchDocument fetch, base::Clock& clock = base::SystemClock::instance());
  ~OidcTokens() override;

  base::Result<std::optional<TokenVerdict>> authenticate(std::string_view token,
                                                         const std::vector<std::string>& audiences) override;

 private:
  using Keys = std::shared_ptr<const std::vector<pki::PublicKey>>;
  base::Result<std::vector<pki::PublicKey>> fetch_keys();
  void run(const std::stop_token& stop);
  pki::SignatureVerdict verify(const pki::UnverifiedJwt& token);
  // The keys after a refresh, if one may begin now and ends within a few seconds; the present ones otherwise.
  Keys refreshed_keys();

  const OidcOptions options_;
  const FetchDocument fetch_;
  base::Clock& clock_;
  VerifiedTokens verified_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  Keys keys_;
  bool wanted_ = true;  // a refresh
  int waiting_ = 0;
  std::uint64_t attempts_ = 0;
  std::chrono::nanoseconds earliest_{0};  // the next refresh that a token may cause
  std::jthread thread_;
};

}  // namespace slipway::apiserver
