#include "cluster/apply_topology.h"

#include <fmt/core.h>

#include "api/cluster/cluster.h"
#include "base/crash_point.h"
#include "cluster/plan_topology.h"
#include "cluster/provider_contract.h"
#include "control/object_patch.h"

namespace slipway::cluster {

using base::ErrorCode;
using base::Result;
using base::Status;
using meta::Gvk;
using meta::ObjectKey;

namespace {

Result<Json> read_template(kube::Client& client, const Json& cluster_class, const Json& reference) {
  const Gvk gvk = SLIPWAY_TRY(meta::gvk_of(reference));
  const ObjectKey key{meta::ns(cluster_class), reference.text({"name"})};
  auto found = client.get(gvk, key);
  if (!found.has_value())
    return std::move(found).error().with_context(
        fmt::format("ClusterClass {} refers to {} {}", meta::name(cluster_class), gvk.kind, key.text()));
  return **found;
}

Result<ClassTemplates> read_class(kube::Client& client, const Json& cluster) {
  const ObjectKey key = class_key(cluster);
  auto found = client.get(api::cluster::kClusterClass, key);
  if (!found.has_value()) {
    if (found.error().code() != ErrorCode::kNotFound) return std::move(found).error();
    return base::fail(ErrorCode::kNotFound, fmt::format("ClusterClass {} does not exist; create it, or change "
                                                        "spec.topology.classRef",
                                                        key.text()));
  }
  ClassTemplates result{.cluster_class = **found};
  const Json& spec = result.cluster_class["spec"];
  result.infrastructure_cluster =
      SLIPWAY_TRY(read_template(client, result.cluster_class, spec.get({"infrastructure", "templateRef"})));
  result.control_plane =
      SLIPWAY_TRY(read_template(client, result.cluster_class, spec.get({"controlPlane", "templateRef"})));
  const Json& machines = spec.get({"controlPlane", "machineInfrastructure", "templateRef"});
  if (machines.is_object())
    result.machine_infrastructure = SLIPWAY_TRY(read_template(client, result.cluster_class, machines));
  return result;
}

// Creates the object or brings the existing one to what is wanted.
Status ensure(kube::Client& client, const Json& cluster, const Json& desired) {
  const ObjectPtr existing = SLIPWAY_TRY(control::create_or_get(client, desired, &cluster));
  if (meta::is_deleting(*existing)) return {};
  SLIPWAY_TRY(control::patch_object(client, *existing, merge_desired(*existing, desired)));
  return {};
}

// Machine templates of this Cluster that an earlier topology used.
Status remove_old_machine_templates(kube::Client& client, const Json& cluster, const Json& kept) {
  const Gvk gvk = SLIPWAY_TRY(meta::gvk_of(kept));
  kube::ListOptions options;
  options.ns = meta::ns(cluster);
  options.labels = meta::LabelSelector::equals(std::string(api::cluster::kClusterNameLabel), meta::name(cluster));
  const kube::ObjectList found = SLIPWAY_TRY(client.list(gvk, options));
  for (const ObjectPtr& object : found.items) {
    const bool ours = !(*object).get({"metadata", "labels", api::cluster::kTopologyOwnedLabel}).is_null();
    if (!ours || meta::name(*object) == meta::name(kept) || meta::is_deleting(*object)) continue;
    const auto removed = client.remove(gvk, meta::key_of(*object));
    if (!removed.has_value() && removed.error().code() != ErrorCode::kNotFound) return removed.error();
  }
  return {};
}

}  // namespace

ObjectKey class_key(const Json& cluster) {
  const Json& topology = cluster.get({"spec", "topology"});
  const bool old_form = topology.contains("class");
  const std::string& name = old_form ? topology.text({"class"}) : topology.text({"classRef", "name"});
  const std::string& ns = old_form ? topology.text({"classNamespace"}) : topology.text({"classRef", "namespace"});
  return {ns.empty() ? meta::ns(cluster) : ns, name};
}

Status apply_topology(control::Manager& manager, ObjectPtr& cluster) {
  kube::Client& client = manager.client();
  const ClassTemplates templates = SLIPWAY_TRY(read_class(client, *cluster));
  Json wanted = *cluster;
  if (SLIPWAY_TRY(plan_references(wanted, templates.cluster_class, manager.random()))) {
    // A broken topology must not leave references to objects that are never made.
    SLIPWAY_TRY(plan_topology(wanted, templates));
    cluster = SLIPWAY_TRY(control::patch_object(client, *cluster, wanted));
    base::crash_point("cluster.references-stored");
  }
  const TopologyPlan plan = SLIPWAY_TRY(plan_topology(*cluster, templates));
  SLIPWAY_TRY(ensure(client, *cluster, plan.infrastructure_cluster));
  base::crash_point("cluster.infrastructure-created");
  if (plan.machine_template) SLIPWAY_TRY(ensure(client, *cluster, *plan.machine_template));
  SLIPWAY_TRY(ensure(client, *cluster, plan.control_plane));
  base::crash_point("cluster.control-plane-created");
  if (plan.machine_template) SLIPWAY_TRY(remove_old_machine_templates(client, *cluster, *plan.machine_template));
  return {};
}

}  // namespace slipway::cluster
