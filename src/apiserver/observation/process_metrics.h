#pragma once

#include "apiserver/observation/exposition.h"

namespace slipway::apiserver {

// process_* of this process, as Prometheus' client libraries name them. What /proc does not tell is left out.
void write_process_metrics(Exposition& out);

}  // namespace slipway::apiserver
