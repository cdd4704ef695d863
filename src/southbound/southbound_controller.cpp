#include "southbound/southbound_controller.h"

#include <fmt/core.h>

#include "api/cluster/cluster.h"
#include "api/infrastructure/infrastructure.h"
#include "api/inventory/inventory.h"
#include "base/crash_point.h"
#include "base/log.h"
#include "control/object_patch.h"
#include "southbound/desired_work.h"

namespace slipway::southbound {

using agentproto::Action;
using agentproto::Assignment;
using base::Result;
using base::Status;
using control::Outcome;
using data::Json;
using meta::ObjectPtr;

namespace {

const Json& value_or_null(const ObjectPtr& object) {
  static const Json none;
  return object ? *object : none;
}

class SouthboundReconciler {
 public:
  SouthboundReconciler(control::Manager& manager, Connections& connections, Enrollment& enrollment)
      : manager_(manager),
        connections_(connections),
        enrollment_(enrollment),
        hosts_(manager.informer(api::inventory::kHost)),
        intel_machines_(manager.informer(api::infrastructure::kIntelMachine)),
        machines_(manager.informer(api::cluster::kMachine)),
        clusters_(manager.informer(api::cluster::kCluster)),
        secrets_(manager.informer(kube::kSecret)) {}

  Result<Outcome> reconcile(const ObjectKey& key) {
    const ObjectPtr host = hosts_.get(key);
    if (!may_stay(key, host)) connections_.close(key, "the host is not authorized any more");
    if (!host) return Outcome::done();
    SLIPWAY_TRY(answer_renewals(key));
    const Json reported = with_report(*host, connections_.report(key), manager_.clock().now());
    const ObjectPtr newest = SLIPWAY_TRY(control::patch_object(manager_.client(), *host, reported));
    SLIPWAY_TRY(push_work(key, *newest));
    return Outcome::done();
  }

  std::vector<ObjectKey> holder_of(const Json& intel_machine) const {
    for (const ObjectPtr& host : hosts_.list(meta::ns(intel_machine)))
      if (host->text({"spec", "consumerRef", "name"}) == meta::name(intel_machine)) return {meta::key_of(*host)};
    return {};
  }

  // A bootstrap Secret is named by Machines; its own cluster label leads to the hosts of that cluster.
  std::vector<ObjectKey> hosts_of_cluster(const std::string& ns, std::string_view cluster) const {
    std::vector<ObjectKey> keys;
    if (cluster.empty()) return keys;
    for (const ObjectPtr& host : hosts_.list(ns))
      if (meta::label(*host, api::cluster::kClusterNameLabel) == cluster) keys.push_back(meta::key_of(*host));
    return keys;
  }

 private:
  bool may_stay(const ObjectKey& key, const ObjectPtr& host) const {
    const std::string fingerprint = connections_.key_fingerprint(key);
    if (fingerprint.empty()) return true;  // not connected
    return host && host->get({"spec", "authorized"}).bool_or(true) &&
           host->text({"status", "agent", "keyFingerprint"}) == fingerprint;
  }

  Status answer_renewals(const ObjectKey& key) {
    while (const auto csr = connections_.take_renewal(key)) {
      const auto certificate = enrollment_.renew(key, *csr, connections_.key_fingerprint(key));
      if (!certificate) {
        base::log_warning("southbound", "host {}: its certificate was not renewed: {}", key.text(),
                          certificate.error().message());
        continue;
      }
      connections_.send_certificate(key, *certificate);
    }
    return {};
  }

  Assignment derive(const Json& host) const {
    const std::string& ns = meta::ns(host);
    const ObjectPtr intel_machine = intel_machines_.get({ns, host.text({"spec", "consumerRef", "name"})});
    const Json& machine_json = value_or_null(intel_machine);
    const Json* owner = meta::owner_of_kind(machine_json, {std::string(api::cluster::kGroup), "Machine"});
    const ObjectPtr machine = owner != nullptr ? machines_.get({ns, owner->text({"name"})}) : nullptr;
    const ObjectPtr cluster = clusters_.get({ns, meta::label(machine_json, api::cluster::kClusterNameLabel)});
    const ObjectPtr secret =
        machine ? secrets_.get({ns, machine->text({"spec", "bootstrap", "dataSecretName"})}) : nullptr;
    return desired_work(
        {.host = host,
         .intel_machine = machine_json,
         .bootstrap_secret = value_or_null(secret),
         .delete_policy = meta::annotation(value_or_null(cluster), api::cluster::kDeletePolicyAnnotation)});
  }

  Status push_work(const ObjectKey& key, const Json& host) {
    const Assignment wanted = derive(host);
    if (connections_.is_sent(key, wanted)) return {};
    if (wanted.action == Action::kBootstrap) {
      SLIPWAY_TRY(control::patch_object(manager_.client(), host,
                                        with_pending_assignment(host, wanted, manager_.clock().now())));
      base::crash_point("southbound.assignment-recorded");
    }
    if (connections_.push(key, wanted)) {
      base::log_info("southbound", "host {}: {} {}", key.text(), agentproto::action_text(wanted.action), wanted.id);
      base::crash_point(wanted.action == Action::kReset ? "southbound.reset-sent" : "southbound.assignment-sent");
    }
    return {};
  }

  control::Manager& manager_;
  Connections& connections_;
  Enrollment& enrollment_;
  control::Informer &hosts_, &intel_machines_, &machines_, &clusters_, &secrets_;
};

}  // namespace

void add_southbound_controller(control::Manager& manager, Connections& connections, Enrollment& enrollment) {
  auto reconciler = std::make_shared<SouthboundReconciler>(manager, connections, enrollment);
  const auto by_cluster_label = [reconciler](const Json& object) {
    return reconciler->hosts_of_cluster(meta::ns(object), meta::label(object, api::cluster::kClusterNameLabel));
  };
  manager.add_controller({.name = std::string(kControllerName),
                          .for_kind = api::inventory::kHost,
                          .watches = {{api::infrastructure::kIntelMachine,
                                       [reconciler](const Json& machine) { return reconciler->holder_of(machine); }},
                                      {api::cluster::kMachine, by_cluster_label},
                                      {kube::kSecret, by_cluster_label}}},
                         [reconciler](const ObjectKey& key) { return reconciler->reconcile(key); });
}

}  // namespace slipway::southbound
