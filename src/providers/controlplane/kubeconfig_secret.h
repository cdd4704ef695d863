#pragma once

#include "control/manager.h"
#include "pki/certificate.h"

namespace slipway::providers::controlplane {

// Secret <cluster>-kubeconfig, key "value": server = the cluster's endpoint (the gateway), the cluster's name behind
// the gateway as TLS server name, a client certificate of one year for system:masters. Written again when the endpoint
// has moved or less than half of the certificate's life is left; a Secret of somebody else is left alone.
base::Status ensure_kubeconfig(control::Manager& manager, const data::Json& cluster, const data::Json& control_plane,
                               const pki::KeyAndCertificate& server_authority,
                               const pki::KeyAndCertificate& client_authority);

}  // namespace slipway::providers::controlplane
