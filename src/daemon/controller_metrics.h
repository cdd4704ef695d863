#pragma once

#include <vector>

#include "apiserver/observation/exposition.h"
#include "control/manager.h"

namespace slipway::daemon {

// What controllers do, with the names of controller-runtime and of Kubernetes' work queues.
void write_controller_metrics(apiserver::Exposition& out, const std::vector<control::ControllerStatistics>& all);

}  // namespace slipway::daemon
