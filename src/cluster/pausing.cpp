#include "cluster/pausing.h"

#include "api/cluster/cluster.h"
#include "control/object_patch.h"
#include "meta/conditions.h"

namespace slipway::cluster {

using data::Json;

namespace {
bool has_annotation(const Json& object) {
  return object.get({"metadata", "annotations"}).contains(api::cluster::kPausedAnnotation);
}
}  // namespace

bool is_paused(const Json& cluster) {
  return cluster.get({"spec", "paused"}).bool_or(false) || has_annotation(cluster);
}

bool is_paused(const Json& cluster, const Json& object) {
  return cluster.get({"spec", "paused"}).bool_or(false) || has_annotation(object);
}

base::Result<control::Outcome> report_paused(kube::Client& client, const Json& object, base::WallTime now) {
  Json wanted = object;
  const std::string message = has_annotation(object) ? "The object has the cluster.x-k8s.io/paused annotation"
                                                     : "Cluster spec.paused is set to true";
  meta::set_condition(wanted,
                      {std::string(api::cluster::condition::kPaused), meta::ConditionStatus::kTrue,
                       std::string(api::cluster::reason::kPaused), message},
                      now);
  SLIPWAY_TRY(control::patch_object(client, object, wanted));
  return control::Outcome::done();
}

}  // namespace slipway::cluster
