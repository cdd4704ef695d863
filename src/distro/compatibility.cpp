#include "distro/compatibility.h"

#include <fmt/core.h>

#include "data/kubernetes_version.h"

namespace slipway::distro {

using data::KubernetesVersion;

namespace {

Compatibility refuse(std::string reason) {
  return {.compatible = false, .air_gapped = false, .version = "", .reason = std::move(reason)};
}

}  // namespace

Compatibility check_compatibility(const KubernetesRequirement& requirement, const HostKubernetes& host) {
  if (requirement.distribution != "k3s" || !host.embedded || host.distribution != "k3s")
    return {.compatible = true,
            .air_gapped = false,
            .version = requirement.version,
            .reason = fmt::format("{} {} is downloaded, the host's image does not decide", requirement.distribution,
                                  requirement.version)};
  const auto image = KubernetesVersion::parse(host.version);
  if (!image) return refuse(fmt::format("the host reports K3s version '{}', which cannot be understood", host.version));
  Compatibility fits{.compatible = true,
                     .air_gapped = true,
                     .version = image->text(),
                     .reason = fmt::format("the image carries K3s {}", image->text())};
  if (requirement.version.empty()) return fits;
  const auto wanted = KubernetesVersion::parse(requirement.version);
  if (!wanted) return refuse(fmt::format("the required version {}", wanted.error().message()));
  if (wanted->major != image->major || wanted->minor != image->minor)
    return refuse(
        fmt::format("K3s {} is required but the image carries {}; choose a template for v{}.{} or an image with v{}.{}",
                    wanted->text(), image->text(), image->major, image->minor, wanted->major, wanted->minor));
  if (wanted->patch > image->patch)
    return refuse(
        fmt::format("K3s {} is required but the image carries the older patch {}; use a newer image or a template for "
                    "v{}.{}.{} or older",
                    wanted->text(), image->text(), image->major, image->minor, image->patch));
  return fits;
}

}  // namespace slipway::distro
