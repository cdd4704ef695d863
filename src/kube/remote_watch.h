#pragma once

#include <memory>

#include "kube/client.h"
#include "kube/raw_client.h"

namespace slipway::kube {

// The watch events of a stream of JSON lines.
std::unique_ptr<Watch> watch_stream(std::unique_ptr<RawStream> stream);

}  // namespace slipway::kube
