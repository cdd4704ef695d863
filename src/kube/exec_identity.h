#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "kube/client_identity.h"

namespace slipway::kube {

// The status of an ExecCredential that a plugin printed.
struct ExecCredential {
  ClientIdentity identity;
  std::optional<base::WallTime> expires;
};
base::Result<ExecCredential> parse_exec_credential(std::string_view text, std::string_view api_version);

// Credentials from the exec plugin of `config`: run without a shell, for at most 30 s, when the first request needs
// them, when they have expired, and once when the server refused them. A failure holds for 5 s. REQUIRES: config.exec.
std::unique_ptr<IdentitySource> exec_identity(const pki::Kubeconfig& config, base::Clock& clock);

}  // namespace slipway::kube
