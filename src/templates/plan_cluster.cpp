#include "templates/plan_cluster.h"

#include <fmt/core.h>

#include "api/cluster/cluster.h"
#include "api/infrastructure/infrastructure.h"
#include "distro/compatibility.h"
#include "meta/conditions.h"
#include "meta/object.h"
#include "templates/cluster_class.h"

namespace slipway::templates {

using base::ErrorCode;
using base::Status;

namespace {

Status check_host(const Json& host) {
  const std::string& name = meta::name(host);
  const std::string& phase = host.text({"status", "phase"});
  if (!host.get({"spec", "authorized"}).bool_or(true))
    return Status(
        ErrorCode::kConflict,
        fmt::format("host '{0}' is deauthorized; authorize it and enrol it again: slipway host authorize {0}", name));
  if (const std::string& consumer = host.text({"spec", "consumerRef", "name"}); !consumer.empty())
    return Status(ErrorCode::kConflict, fmt::format("host '{}' is in use by {} '{}'; choose another host", name,
                                                    host.text({"spec", "consumerRef", "kind"}), consumer));
  if (phase != "Provisioned")
    return Status(
        ErrorCode::kConflict,
        fmt::format("host '{}' is {}, not Provisioned; start slipway-agent on it first: slipway host describe {}", name,
                    phase.empty() ? "not enrolled" : phase, name));
  if (meta::is_condition_false(host, "Clean"))
    return Status(ErrorCode::kConflict, fmt::format("host '{}' still holds parts of an earlier cluster; it is cleaned "
                                                    "once its agent is connected: slipway host describe {}",
                                                    name, name));
  return {};
}

Json cluster_object(const ClusterPlanRequest& request, const distro::Compatibility& fits) {
  const Json& spec = request.cluster_template["spec"];
  Json cluster = meta::make_object(api::cluster::kCluster, {request.ns, request.name});
  for (const auto& [key, value] : spec["clusterLabels"].members())
    meta::set_label(cluster, key, value.string_or_empty());
  Json& wanted = cluster.set("spec", Json::object());
  if (!spec["clusterNetwork"].empty()) wanted.set("clusterNetwork", spec["clusterNetwork"]);
  wanted.set("topology",
             Json::object({{"classRef", Json::object({{"name", meta::name(request.cluster_template)}})},
                           {"version", fits.version},
                           {"controlPlane", Json::object({{"replicas", 1}})},
                           {"variables",
                            Json::array({Json::object({{"name", kAirGappedVariable}, {"value", fits.air_gapped}})})}}));
  return cluster;
}

}  // namespace

base::Result<ClusterPlan> plan_cluster(const ClusterPlanRequest& request) {
  SLIPWAY_TRY(check_host(request.host));
  const Json& spec = request.cluster_template["spec"];
  const Json& kubernetes = request.host.get({"status", "kubernetes"});
  const distro::Compatibility fits = distro::check_compatibility(
      {.distribution = spec["controlPlaneProviderType"].string_or("k3s"), .version = spec.text({"kubernetesVersion"})},
      {.distribution = kubernetes.text({"distribution"}),
       .version = kubernetes.text({"version"}),
       .embedded = kubernetes["embedded"].bool_or(false)});
  if (!fits.compatible)
    return base::fail(ErrorCode::kInvalid,
                      fmt::format("template '{}' does not fit host '{}': {}", meta::name(request.cluster_template),
                                  meta::name(request.host), fits.reason));
  ClusterPlan plan{.cluster = cluster_object(request, fits),
                   .binding = meta::make_object(api::infrastructure::kIntelMachineBinding, {request.ns, request.name})};
  const std::string& uuid = request.host.text({"spec", "uuid"});
  plan.binding.set("spec",
                   Json::object({{"nodeGUID", uuid.empty() ? meta::name(request.host) : uuid},
                                 {"clusterName", request.name},
                                 {"intelMachineTemplateName", machine_template_name(request.cluster_template)}}));
  return plan;
}

}  // namespace slipway::templates
