#include "api/cluster/timeline.h"

#include <algorithm>
#include <tuple>

#include "meta/object.h"

namespace slipway::api::cluster {

using data::Json;

std::vector<TimelineStep> read_timeline(const Json& cluster) {
  std::vector<TimelineStep> steps;
  const auto add = [&](std::string name, const std::string& text) {
    if (const auto time = base::parse_rfc3339(text)) steps.push_back({std::move(name), *time});
  };
  const Json& annotations = cluster.get({"metadata", "annotations"});
  if (!annotations.contains(std::string(kTimelinePrefix) + "created"))
    add("created", cluster.text({"metadata", "creationTimestamp"}));
  for (const auto& [key, value] : annotations.members())
    if (key.starts_with(kTimelinePrefix)) add(key.substr(kTimelinePrefix.size()), value.string_or_empty());
  std::ranges::sort(steps, {}, [](const TimelineStep& step) { return std::tie(step.time, step.name); });
  return steps;
}

bool add_timeline_step(Json& cluster, std::string_view step, base::WallTime time) {
  const std::string key = std::string(kTimelinePrefix) + std::string(step);
  if (!meta::annotation(cluster, key).empty()) return false;
  meta::set_annotation(cluster, key, base::format_rfc3339_micro(time));
  return true;
}

}  // namespace slipway::api::cluster
