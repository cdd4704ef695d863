#pragma once

#include <string>

#include "base/clock.h"
#include "kube/client.h"
#include "pki/certificate.h"

namespace slipway::daemon {

// Name of the Secret (kubernetes.io/tls, immutable) that holds Slipway's authority in a management cluster, and of the
// ConfigMap beside it with the certificate alone (ca.crt), for whoever installs agents.
inline constexpr std::string_view kAuthorityName = "slipway-ca";

// The certificate authority that all replicas share, in namespace `ns`; made when there was never one. A Secret that is
// gone while its ConfigMap is there, or that cannot be read, is an error, never a reason to make a new authority: every
// agent trusts the old one.
base::Result<pki::KeyAndCertificate> load_or_create_cluster_authority(kube::Client& client, const std::string& ns,
                                                                      base::WallTime now);

}  // namespace slipway::daemon
