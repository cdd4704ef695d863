#include "providers/bootstrap/init_lock.h"

#include "api/cluster/cluster.h"
#include "data/json_text.h"

namespace slipway::providers::bootstrap {

using base::ErrorCode;
using base::Result;
using data::Json;
using meta::ObjectKey;

namespace {

constexpr std::string_view kLockInformation = "lock-information";

std::string holder_of(const Json& lock) {
  const auto information = data::parse_json(lock.text({"data", kLockInformation}));
  return information ? information->text({"machineName"}) : "";
}

}  // namespace

InitLock::InitLock(control::Manager& manager)
    : manager_(manager), machines_(manager.informer(api::cluster::kMachine)) {}

Result<bool> InitLock::acquire(const Json& cluster, const std::string& machine, std::string& holder) {
  const ObjectKey key{meta::ns(cluster), meta::name(cluster) + "-lock"};
  const auto present = manager_.client().get(kube::kConfigMap, key);
  if (present) {
    holder = holder_of(**present);
    if (holder == machine) return true;
    if (!holder.empty() && machines_.get({key.ns, holder}) != nullptr) return false;
    // The next pass takes it; of several that do only one creates it.
    const auto removed = manager_.client().remove(kube::kConfigMap, key,
                                                  {.precondition_resource_version = meta::resource_version(**present)});
    if (!removed && removed.error().code() != ErrorCode::kNotFound) return removed.error();
  } else if (present.error().code() != ErrorCode::kNotFound) {
    return present.error();
  }
  Json lock = meta::make_object(kube::kConfigMap, key);
  meta::set_label(lock, api::cluster::kClusterNameLabel, meta::name(cluster));
  meta::set_owner_reference(lock, cluster, false);
  lock.at("data").set(kLockInformation, data::to_json(Json::object({{"machineName", machine}})));
  SLIPWAY_TRY(manager_.client().create(std::move(lock)).with_context("taking the init lock"));
  return true;
}

}  // namespace slipway::providers::bootstrap
