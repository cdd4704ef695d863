#pragma once

#include "standalone/schema.h"

// Parts of the schema that more than one file needs. Internal to standalone.
namespace slipway::standalone {

const Schema& operating_system_schema();
const Schema& kubernetes_schema();
const Schema& files_schema();
const Schema& proxy_schema();

}  // namespace slipway::standalone
