#include "distro/k3s/install.h"

#include <fmt/core.h>

#include "data/kubernetes_version.h"
#include "data/shell_quote.h"
#include "distro/k3s/paths.h"

namespace slipway::distro::k3s {

using base::ErrorCode;
using base::Result;
using data::shell_quote;

namespace {

std::string_view role_word(Role role) {
  return role == Role::kAgent ? "agent" : "server";
}

}  // namespace

Result<std::string> install_command(const Installation& installation) {
  const std::string_view role = role_word(installation.role);
  if (installation.air_gapped) {
    const std::string script =
        installation.script_path.empty() ? std::string(kEmbeddedInstallScript) : installation.script_path;
    if (!script.starts_with('/'))
      return base::fail(ErrorCode::kInvalid, fmt::format("install script '{}' must be an absolute path", script));
    const std::string missing = fmt::format(
        "this host has no install script {}: its image has no K3s embedded; use an image with K3s, or a cluster that "
        "downloads it (airGapped: false)",
        script);
    return fmt::format(
        "[ -r {0} ] || {{ echo {1} >&2; exit 1; }}\n"
        "INSTALL_K3S_SKIP_DOWNLOAD=true INSTALL_K3S_EXEC='{2}' sh {0} || exit 1",
        shell_quote(script), shell_quote(missing), role);
  }
  const auto version = data::KubernetesVersion::parse(installation.version);
  if (!version) return base::fail(ErrorCode::kInvalid, version.error().message());
  const std::string text = version->text();
  return fmt::format(
      "curl -sfL --retry 3 --connect-timeout 10 --max-time 120 -o /run/install-k3s.sh {0} || "
      "{{ echo {1} >&2; exit 1; }}\n"
      "INSTALL_K3S_VERSION={2} INSTALL_K3S_EXEC='{3}' sh /run/install-k3s.sh || exit 1",
      kInstallScriptUrl,
      shell_quote(fmt::format("K3s' install script cannot be downloaded from {}", kInstallScriptUrl)),
      shell_quote(text), role);
}

}  // namespace slipway::distro::k3s
