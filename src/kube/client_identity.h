#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "pki/kubeconfig.h"

namespace slipway::kube {

// Who a client says it is, for one request.
struct ClientIdentity {
  std::string bearer_token;
  std::string certificate_pem;
  std::string key_pem;

  bool operator==(const ClientIdentity&) const = default;
};
using IdentityPtr = std::shared_ptr<const ClientIdentity>;

// Gives the identity of the next request. Thread-safe.
class IdentitySource {
 public:
  virtual ~IdentitySource() = default;
  virtual base::Result<IdentityPtr> current() = 0;
  // The server did not accept `used` (401). True when current() may give another one now.
  virtual bool refused(const IdentityPtr& used) = 0;
};

// A line break in a token would let it add headers.
bool is_header_value(std::string_view text);

// By the kubeconfig: embedded, from a token file that is read again when it changes, or from an exec plugin
// (exec_identity.h).
std::unique_ptr<IdentitySource> identity_source(const pki::Kubeconfig& config, base::Clock& clock);

}  // namespace slipway::kube
