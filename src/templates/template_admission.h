#pragma once

#include "registry/registry.h"

namespace slipway::templates {

// ClusterTemplate: what cannot work is refused when it is created, with the field's path; spec never changes
// afterwards, as clusters were made from it. Labels and annotations may (the default label moves from template to
// template).
registry::Admission cluster_template_admission();

}  // namespace slipway::templates
