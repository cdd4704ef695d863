#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "meta/gvk.h"

// The name under which the gateway knows a workload cluster's API server: the server name (SNI) of its clients, and one
// of the names in its serving certificate.
namespace slipway::api::cluster {

inline constexpr std::string_view kWorkloadDomain = "clusters.slipway.internal";

// "<cluster>.<namespace>.clusters.slipway.internal"
std::string workload_server_name(const meta::ObjectKey& cluster);

// The way back; nothing for any other name. Letter case does not matter, as in DNS.
std::optional<meta::ObjectKey> cluster_of_server_name(std::string_view server_name);

}  // namespace slipway::api::cluster
