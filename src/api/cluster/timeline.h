#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "data/json.h"

// The creation timeline of a Cluster: when each step was reached first. It is kept in an annotation (the status schema
// is Cluster API's) as a JSON list of {"step", "time"}, so it survives restarts and is visible to kubectl.
namespace slipway::api::cluster {

inline constexpr std::string_view kTimelineAnnotation = "slipway.dev/creation-timeline";
inline constexpr std::size_t kTimelineLimit = 64;  // further steps are not recorded

struct TimelineStep {
  std::string name;
  base::WallTime time;
};

// In order of time. "created" (the object's creationTimestamp) comes first when nothing earlier is recorded. Unreadable
// entries are left out.
std::vector<TimelineStep> read_timeline(const data::Json& cluster);

// Records a step; the first time it is reached counts. True when it changed the object.
bool add_timeline_step(data::Json& cluster, std::string_view step, base::WallTime time);

}  // namespace slipway::api::cluster
