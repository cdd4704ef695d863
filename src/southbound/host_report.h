#pragma once

#include <optional>

#include "agentproto/messages.h"
#include "base/clock.h"
#include "data/json.h"

namespace slipway::southbound {

using data::Json;

// What the orchestrator knows about a host from its connection.
struct HostReport {
  bool connected = false;
  std::optional<agentproto::Hello> hello;  // the newest report of this connection
};

// The host with the report written into its status: system, addresses, assignment, Connected and Clean. Pure.
// lastSeenTime moves by at least 30 seconds, so that an idle host causes no writes.
Json with_report(Json host, const HostReport& report, base::WallTime now);

// The host as it must stand in the store before a bootstrap is sent: the assignment Pending and not clean any more, so
// that a crash after sending never takes the host for untouched.
Json with_pending_assignment(Json host, const agentproto::Assignment& assignment, base::WallTime now);

}  // namespace slipway::southbound
