#pragma once

#include "control/manager.h"

namespace slipway::providers::bootstrap {

// KThreesConfig: writes the bootstrap Secret of its Machine, once. The Secret's name is the config's; what is in it is
// never made anew, whatever happens to the spec later. One server per cluster: the init lock (ConfigMap <cluster>-lock)
// says which Machine it is.
void add_kthrees_config_controller(control::Manager& manager);

}  // namespace slipway::providers::bootstrap
