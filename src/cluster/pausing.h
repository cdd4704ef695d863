#pragma once

#include "base/clock.h"
#include "control/manager.h"

namespace slipway::cluster {

// Paused: spec.paused of the Cluster, or the annotation on the object itself.
bool is_paused(const data::Json& cluster);
bool is_paused(const data::Json& cluster, const data::Json& object);

// Writes Paused=True, the only thing a paused object gets.
base::Result<control::Outcome> report_paused(kube::Client& client, const data::Json& object, base::WallTime now);

}  // namespace slipway::cluster
