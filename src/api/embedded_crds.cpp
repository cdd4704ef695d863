#include "api/embedded_crds.h"

extern "C" {
extern const slipway::api::EmbeddedFile slipway_embedded_crds_begin[];
extern const slipway::api::EmbeddedFile slipway_embedded_crds_end[];
}

namespace slipway::api {

std::span<const EmbeddedFile> embedded_crds() {
  return {slipway_embedded_crds_begin, slipway_embedded_crds_end};
}

}  // namespace slipway::api
