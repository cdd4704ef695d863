#pragma once

#include <memory>
#include <string>
#include <vector>

#include "apiserver/authentication/token_authenticator.h"
#include "apiserver/authentication/verified_tokens.h"
#include "base/clock.h"
#include "base/random.h"
#include "pki/jwt.h"
#include "registry/registry.h"

namespace slipway::apiserver {

struct ServiceAccountTokenOptions {
  std::string issuer;  // an https URL; also the audience of this server
  pki::SigningKey key;
  base::Clock* clock = &base::SystemClock::instance();
  base::Random* random = &base::SystemRandom::instance();
};

// Signed tokens of ServiceAccounts: makes them (TokenRequest) and knows their users. A token ends with its time, its
// ServiceAccount (by uid), and the Secret that it is bound to; all three are looked at for every request. The claims
// are those of kube-apiserver (k8s.io/kubernetes/pkg/serviceaccount). Thread-safe; the registry must outlive it.
class ServiceAccountTokens final : public TokenAuthenticator {
 public:
  ServiceAccountTokens(registry::Registry& registry, ServiceAccountTokenOptions options);

  base::Result<std::optional<TokenVerdict>> authenticate(std::string_view token,
                                                         const std::vector<std::string>& audiences) override;

  // The TokenRequest (authentication.k8s.io/v1) with its status. kNotFound without the ServiceAccount or bound object,
  // kInvalid and kConflict in kube-apiserver's words.
  base::Result<data::Json> issue(const meta::ObjectKey& account, data::Json request);

  const std::string& issuer() const { return options_.issuer; }
  // OpenID Connect Discovery 1.0, section 3, and the keys that it leads to.
  data::Json discovery_document() const;
  base::Result<data::Json> key_set() const;

 private:
  base::Status check_objects(const data::Json& claims);
  base::Result<data::Json> claims_of(const data::Json& account, const data::Json& spec);

  registry::Registry& registry_;
  const ServiceAccountTokenOptions options_;
  const std::vector<pki::PublicKey> keys_;
  VerifiedTokens verified_;
};

}  // namespace slipway::apiserver
