#pragma once

#include "control/manager.h"
#include "southbound/connections.h"
#include "southbound/enrollment.h"

namespace slipway::southbound {

inline constexpr std::string_view kControllerName = "southbound";

// Host by host: ends the streams of hosts that lost their authorization, writes reports into Host.status, pushes the
// desired work, answers renewals. Woken by resources and by Connections (manager.enqueue(kControllerName, host)).
void add_southbound_controller(control::Manager& manager, Connections& connections, Enrollment& enrollment);

}  // namespace slipway::southbound
