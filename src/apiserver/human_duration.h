#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace slipway::apiserver {

// Ages as kubectl shows them (k8s.io/apimachinery/pkg/util/duration.HumanDuration): 45s, 4m30s, 15m, 7h5m, 26h, 4d2h,
// 40d, 2y30d. A moment up to two seconds ahead counts as now.
std::string human_duration(std::chrono::seconds duration);
// The age of an RFC 3339 moment; "<unknown>" when it is absent or unreadable.
std::string human_age(std::string_view rfc3339, base::WallTime now);

}  // namespace slipway::apiserver
