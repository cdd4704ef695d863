#pragma once

#include <string>
#include <string_view>

namespace slipway::distro {

// What a cluster template or a Machine asks for.
struct KubernetesRequirement {
  std::string distribution;  // "k3s", "rke2", "kubeadm"
  std::string version;       // "v1.36.1+k3s1"; "" = any
};

// What a host's image brings.
struct HostKubernetes {
  std::string distribution;
  std::string version;
  bool embedded = false;
};

struct Compatibility {
  bool compatible = false;
  bool air_gapped = false;  // the cluster uses the embedded binary and images, nothing is downloaded
  std::string version;      // what the cluster will run and say that it runs
  std::string reason;       // for people; when not compatible also what to do
};

// The compatibility rule (design, section 5): a K3s requirement fits an image with embedded K3s when major.minor are
// equal and the required patch is not newer than the image's; the cluster then runs the image's exact version. RKE2 and
// hosts without embedded K3s always fit: what they need is downloaded.
Compatibility check_compatibility(const KubernetesRequirement& requirement, const HostKubernetes& host);

}  // namespace slipway::distro
