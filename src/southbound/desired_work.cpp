#include "southbound/desired_work.h"

#include "api/cluster/cluster.h"
#include "api/inventory/inventory.h"
#include "data/encoding.h"
#include "meta/object.h"

namespace slipway::southbound {

using agentproto::Action;
using agentproto::Assignment;

Assignment desired_work(const HostSituation& situation) {
  const Json& host = situation.host;
  const std::string& previous = host.text({"status", "assignment", "id"});
  const Assignment nothing;
  if (!host.get({"spec", "authorized"}).bool_or(true)) return nothing;
  if (!meta::annotation(host, api::inventory::kKeptClusterAnnotation).empty()) return nothing;
  if (host.text({"spec", "consumerRef", "name"}).empty()) return {.id = previous, .action = Action::kReset};
  const Json& machine = situation.intel_machine;
  // A claim whose machine the cache does not show yet: the machine will wake this host again.
  if (machine.is_null() || machine.text({"spec", "providerID"}).empty()) return nothing;
  if (meta::is_deleting(machine)) {
    if (situation.delete_policy == api::cluster::kDeletePolicyKeep) return nothing;
    return {.id = meta::uid(machine), .action = Action::kReset};
  }
  const auto cloud_config =
      data::base64_decode(situation.bootstrap_secret.text({"data", api::cluster::kSecretValueKey}));
  if (!cloud_config || cloud_config->empty()) return nothing;
  return {.id = meta::uid(machine),
          .action = Action::kBootstrap,
          .cloud_config = *cloud_config,
          .provider_id = machine.text({"spec", "providerID"})};
}

}  // namespace slipway::southbound
