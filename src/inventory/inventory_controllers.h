#pragma once

#include "control/manager.h"
#include "registry/registry.h"

namespace slipway::inventory {

// Host: phase, conditions, history; its Instance once the agent has reported the system.
void add_host_controller(control::Manager& manager);

// Admission of Hosts: a serial number or UUID belongs to one Host only (in all projects, because a machine enrols
// without naming its project). UUIDs are stored in lower case. The admission runs within the registry that `client`
// reads.
void add_host_admission(registry::Registry& registry);

}  // namespace slipway::inventory
