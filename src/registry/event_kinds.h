#pragma once

#include <string_view>

#include "data/json.h"

namespace slipway::registry {

// An Event of the core group ("v1") or of "events.k8s.io/v1" in the form of the other group: the same event under
// other names (k8s.io/kubernetes/pkg/apis/events/v1/conversion.go).
data::Json convert_event(const data::Json& event, std::string_view api_version);

}  // namespace slipway::registry
