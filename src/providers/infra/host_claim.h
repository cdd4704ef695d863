#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "data/json.h"
#include "meta/object.h"

// Which host an IntelMachine takes, and whether it may: pure decisions, no effects.
namespace slipway::providers::infra {

using data::Json;
using meta::ObjectPtr;

// What the machine wants of its host.
struct HostDemand {
  bool air_gapped = false;  // K3s must be embedded in the host's image
  std::string version;      // Kubernetes version of the Machine, "" = any
};

// Why a host cannot be used now; `message` names the host, what is wrong and what to do.
struct Refusal {
  std::string reason;  // condition reason in CamelCase
  std::string message;
};

// Nothing when `machine` may claim the host (or already holds it).
std::optional<Refusal> refuse_host(const Json& host, const Json& machine, const HostDemand& demand);

// The binding for this machine: same namespace, cluster and template (direct or base name of the clone chain); one that
// it already owns first, then the first not allocated, by name. Null when there is none.
ObjectPtr choose_binding(const std::vector<ObjectPtr>& bindings, const Json& machine, std::string_view cluster_name,
                         const std::vector<std::string>& template_names);

// The host a binding means by nodeGUID: its UUID (letter case does not matter) or its name. Null when there is none.
ObjectPtr find_host(const std::vector<ObjectPtr>& hosts, std::string_view node_guid);

bool is_claimed_by(const Json& host, const Json& machine);

// "slipway://<namespace>/<host>": spec.providerID of the machine and of its Node.
std::string provider_id(const Json& host);

// What becomes of the claim of a machine that is being deleted.
enum class Release {
  kWait,        // the agent is cleaning the host
  kClean,       // proven clean, or nothing ever ran there
  kCleanLater,  // not reachable or too slow: release now, clean when it is seen
  kKeep,        // Kubernetes stays on the host
};
Release decide_release(const Json& host, const Json& machine, std::string_view delete_policy, bool time_is_up);

}  // namespace slipway::providers::infra
