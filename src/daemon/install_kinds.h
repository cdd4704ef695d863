#pragma once

#include "base/clock.h"
#include "kube/client.h"

namespace slipway::daemon {

// Brings Slipway's CustomResourceDefinitions into a Kubernetes API server by server-side apply, and waits (60 s at
// most) until their kinds are served. Repeated, it changes nothing. Only the stored version of a kind is served there:
// the others need Slipway's conversion, which runs in slipwayd's own API server.
base::Status install_kinds(kube::Client& client, base::Clock& clock);

}  // namespace slipway::daemon
