#pragma once

#include <stop_token>

#include "agent/host_root.h"
#include "base/result.h"
#include "net/websocket.h"

namespace slipway::agent {

// Whether this host's Kubernetes API answers.
class KubernetesProbe {
 public:
  virtual ~KubernetesProbe() = default;
  // One try, at most a few seconds. The error says what is missing.
  virtual base::Status check() = 0;
};

// Asks https://127.0.0.1:6443 and accepts any HTTP answer over TLS whose certificate is signed by the CA of K3s' own
// data folder: that cannot be another program on the port.
class K3sProbe final : public KubernetesProbe {
 public:
  K3sProbe(HostRoot root, net::ClientRuntime& runtime) : root_(std::move(root)), runtime_(runtime) {}
  base::Status check() override;

 private:
  HostRoot root_;
  net::ClientRuntime& runtime_;
};

}  // namespace slipway::agent
