#include <fmt/core.h>

#include "api/inventory/inventory.h"
#include "control/object_patch.h"
#include "inventory/host_status.h"
#include "inventory/inventory_controllers.h"
#include "meta/conditions.h"

namespace slipway::inventory {

using base::Result;
using base::Status;
using control::Outcome;
using meta::ObjectKey;
using meta::ObjectPtr;

namespace {

class HostReconciler {
 public:
  explicit HostReconciler(control::Manager& manager)
      : manager_(manager),
        hosts_(manager.informer(api::inventory::kHost)),
        instances_(manager.informer(api::inventory::kInstance)),
        profiles_(manager.informer(api::inventory::kOSProfile)) {}

  Result<Outcome> reconcile(const ObjectKey& key) {
    const ObjectPtr original = hosts_.get(key);
    if (!original || meta::is_deleting(*original)) return Outcome::done();
    const Json wanted = with_derived_status(*original, manager_.clock().now());
    SLIPWAY_TRY(control::patch_object(manager_.client(), *original, wanted));
    if (wanted.text({"status", "phase"}) != original->text({"status", "phase"}))
      manager_.events().normal(*original, wanted.text({"status", "phase"}),
                               fmt::format("host is {}", wanted.text({"status", "phase"})));
    if (!wanted.text({"status", "os", "name"}).empty()) SLIPWAY_TRY(keep_instance(wanted));
    return Outcome::done();
  }

  std::vector<ObjectKey> hosts_of_project(const std::string& ns) const {
    std::vector<ObjectKey> keys;
    for (const ObjectPtr& host : hosts_.list(ns)) keys.push_back(meta::key_of(*host));
    return keys;
  }

 private:
  Status keep_instance(const Json& host) {
    std::string profile_name;
    for (const ObjectPtr& profile : profiles_.list(meta::ns(host)))
      if (profile_matches(*profile, host)) profile_name = meta::name(*profile);
    Json wanted = derive_instance(host, profile_name, manager_.clock().now());
    const ObjectPtr cached = instances_.get(meta::key_of(host));
    Json bare = wanted;
    bare.erase("status");
    const ObjectPtr present =
        cached ? cached : SLIPWAY_TRY(control::create_or_get(manager_.client(), std::move(bare), &host));
    Json merged = *present;
    merged.set("spec", wanted["spec"]);
    for (const auto& [field, value] : wanted["status"].members())
      if (field != "conditions") merged.at("status").set(field, value);
    for (const Json& condition : wanted.get({"status", "conditions"}).items()) {
      const auto status =
          condition.text({"status"}) == "True" ? meta::ConditionStatus::kTrue : meta::ConditionStatus::kUnknown;
      meta::set_condition(merged,
                          {condition.text({"type"}), status, condition.text({"reason"}), condition.text({"message"})},
                          manager_.clock().now());
    }
    SLIPWAY_TRY(control::patch_object(manager_.client(), *present, merged));
    return {};
  }

  control::Manager& manager_;
  control::Informer &hosts_, &instances_, &profiles_;
};

}  // namespace

void add_host_controller(control::Manager& manager) {
  auto reconciler = std::make_shared<HostReconciler>(manager);
  manager.add_controller(
      {.name = "host",
       .for_kind = api::inventory::kHost,
       .owns = {api::inventory::kInstance},
       .watches = {{api::inventory::kOSProfile,
                    [reconciler](const Json& profile) { return reconciler->hosts_of_project(meta::ns(profile)); }}}},
      [reconciler](const ObjectKey& key) { return reconciler->reconcile(key); });
}

}  // namespace slipway::inventory
