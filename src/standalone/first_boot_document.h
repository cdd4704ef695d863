#pragma once

#include <string>

#include "base/result.h"
#include "cloudinit/document.h"
#include "standalone/configuration.h"

// The cloud-config of a standalone node. Pure.
namespace slipway::standalone {

// Where cloud-init puts what first boot works with. Gone after a reboot, written again by cloud-init.
inline constexpr std::string_view kStagingFolder = "/run/slipway-standalone";

// The bootstrap document of the orchestrator's renderer, staged: cloud-init itself writes only below kStagingFolder,
// and the one command is the runner (first_boot.sh), which checks links, writes what differs and runs commands once per
// configuration. Users, host name and time zone are cloud-init's own modules.
base::Result<cloudinit::Document> first_boot_document(const Configuration& configuration);

// Its text. Deterministic: the same configuration gives the same bytes.
base::Result<std::string> render_first_boot(const Configuration& configuration);

}  // namespace slipway::standalone
