#include <fmt/core.h>

#include "api/cluster/cluster.h"
#include "api/infrastructure/infrastructure.h"
#include "control/object_patch.h"
#include "meta/conditions.h"
#include "providers/infra/infra_controllers.h"

namespace slipway::providers::infra {

using base::Result;
using control::Outcome;
using data::Json;
using meta::ConditionStatus;
using meta::ObjectKey;
using meta::ObjectPtr;

namespace {

class IntelClusterReconciler {
 public:
  IntelClusterReconciler(control::Manager& manager, InfraOptions options)
      : manager_(manager),
        options_(std::move(options)),
        clusters_(manager.informer(api::infrastructure::kIntelCluster)) {}

  Result<Outcome> reconcile(const ObjectKey& key) {
    const ObjectPtr original = clusters_.get(key);
    if (!original) return Outcome::done();
    // Nothing outside the resources belongs to an IntelCluster, so its deletion has nothing to wait for.
    if (meta::is_deleting(*original)) {
      SLIPWAY_TRY(control::drop_finalizer(manager_.client(), *original, api::infrastructure::kIntelClusterFinalizer));
      return Outcome::done();
    }
    // The Cluster controller sets the owner; until then the object is only a piece of YAML.
    if (meta::owner_of_kind(*original, {std::string(api::cluster::kGroup), "Cluster"}) == nullptr)
      return Outcome::done();
    Json wanted = *original;
    set_endpoint(wanted);
    const auto now = manager_.clock().now();
    meta::set_condition(
        wanted,
        {std::string(api::infrastructure::condition::kControlPlaneEndpointReady), ConditionStatus::kTrue, "Ready", ""},
        now);
    meta::set_condition(wanted, {"Ready", ConditionStatus::kTrue, "Ready", ""}, now);
    wanted.at("status").set("ready", true);
    wanted.at({"status", "initialization"}).set("provisioned", true);
    SLIPWAY_TRY(control::patch_object(manager_.client(), *original, wanted));
    return Outcome::done();
  }

 private:
  // The gateway's address follows the orchestrator's configuration; an endpoint of somebody else's is left alone.
  void set_endpoint(Json& wanted) const {
    Json& spec = wanted.at("spec");
    if (spec["controlPlaneEndpoint"].text({"host"}).empty())
      spec.set("controlPlaneEndpoint",
               Json::object({{"host", options_.endpoint_host}, {"port", options_.endpoint_port}}));
  }

  control::Manager& manager_;
  InfraOptions options_;
  control::Informer& clusters_;
};

}  // namespace

void add_intel_cluster_controller(control::Manager& manager, InfraOptions options) {
  auto reconciler = std::make_shared<IntelClusterReconciler>(manager, std::move(options));
  manager.add_controller({.name = "intelcluster", .for_kind = api::infrastructure::kIntelCluster},
                         [reconciler](const ObjectKey& key) { return reconciler->reconcile(key); });
}

}  // namespace slipway::providers::infra
