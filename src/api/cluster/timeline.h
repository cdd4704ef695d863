#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "data/json.h"

// The creation timeline of a Cluster: when each step was reached first. One annotation a step (the status schema is
// Cluster API's, and several controllers write steps at the same time, which merge patches of distinct keys survive).
namespace slipway::api::cluster {

inline constexpr std::string_view kTimelinePrefix =
    "timeline.slipway.dev/";  // + step name; value RFC 3339 with microseconds

struct TimelineStep {
  std::string name;
  base::WallTime time;
};

// In order of time. "created" (the object's creationTimestamp, whole seconds) comes first when no step of that name is
// recorded. Unreadable entries are left out.
std::vector<TimelineStep> read_timeline(const data::Json& cluster);

// Records a step (letters and digits); the first time it is reached counts. True when it changed the object.
bool add_timeline_step(data::Json& cluster, std::string_view step, base::WallTime time);

}  // namespace slipway::api::cluster
