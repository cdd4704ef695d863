#include "api/cluster/timeline.h"

#include <algorithm>

#include "data/json_text.h"
#include "meta/object.h"

namespace slipway::api::cluster {

using data::Json;

namespace {

Json recorded(const Json& cluster) {
  auto list = data::parse_json(meta::annotation(cluster, kTimelineAnnotation));
  return list && list->is_array() ? std::move(*list) : Json::array();
}

}  // namespace

std::vector<TimelineStep> read_timeline(const Json& cluster) {
  std::vector<TimelineStep> steps;
  if (const auto created = base::parse_rfc3339(cluster.text({"metadata", "creationTimestamp"})))
    steps.push_back({"created", *created});
  for (const Json& entry : recorded(cluster).items()) {
    const auto time = base::parse_rfc3339(entry.text({"time"}));
    if (!time || entry.text({"step"}).empty()) continue;
    if (entry.text({"step"}) == "created")
      std::erase_if(steps, [](const auto& step) { return step.name == "created"; });
    const auto place = std::ranges::upper_bound(steps, *time, {}, &TimelineStep::time);
    steps.insert(place, {entry.text({"step"}), *time});
  }
  return steps;
}

bool add_timeline_step(Json& cluster, std::string_view step, base::WallTime time) {
  Json list = recorded(cluster);
  if (list.size() >= kTimelineLimit) return false;
  for (const Json& entry : list.items())
    if (entry.text({"step"}) == step) return false;
  list.append(Json::object({{"step", step}, {"time", base::format_rfc3339_micro(time)}}));
  meta::set_annotation(cluster, kTimelineAnnotation, data::to_json(list));
  return true;
}

}  // namespace slipway::api::cluster
