#pragma once

#include "control/manager.h"

namespace slipway::templates {

// ClusterTemplate -> ClusterClass and its templates. Objects are made once and never changed (a template's spec is
// immutable); they are owned by the template and go with it.
void add_template_controller(control::Manager& manager);

// Gives every project (Namespace) the default template once; an administrator may delete it for good.
void add_default_template_controller(control::Manager& manager);

}  // namespace slipway::templates
