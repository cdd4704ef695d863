#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "apiserver/authentication/user_info.h"
#include "base/result.h"
#include "net/http_message.h"

namespace slipway::apiserver {

// Reads one form of credentials. Thread-safe.
class Authenticator {
 public:
  virtual ~Authenticator() = default;
  // Nobody: the request has no credentials of this form. kUnauthorized: it has, and they do not hold; the message is
  // for the log, never for the client, and holds no secret.
  virtual base::Result<std::optional<UserInfo>> authenticate(const net::HttpRequest& request) = 0;
};

// The verified client certificate: the common name is the user, the organizations are the groups
// (k8s.io/apiserver/pkg/authentication/request/x509.CommonNameUserConversion). One without common name is nobody.
class ClientCertificateAuthenticator final : public Authenticator {
 public:
  base::Result<std::optional<UserInfo>> authenticate(const net::HttpRequest& request) override;
};

// Who makes the request, as kube-apiserver decides it: the first authenticator that knows the user; kUnauthorized when
// none does and one of them found wrong credentials; else system:anonymous (kUnauthorized when `allow_anonymous` is
// false). Users get the group system:authenticated, the anonymous one system:unauthenticated.
class RequestAuthentication {
 public:
  RequestAuthentication(std::vector<std::shared_ptr<Authenticator>> authenticators, bool allow_anonymous)
      : authenticators_(std::move(authenticators)), allow_anonymous_(allow_anonymous) {}
  base::Result<UserInfo> authenticate(const net::HttpRequest& request) const;

 private:
  const std::vector<std::shared_ptr<Authenticator>> authenticators_;
  const bool allow_anonymous_;
};

}  // namespace slipway::apiserver
