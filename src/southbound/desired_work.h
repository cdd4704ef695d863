#pragma once

#include "agentproto/messages.h"
#include "data/json.h"

namespace slipway::southbound {

using data::Json;

// What is known about a host and the machine that holds it. Null Json for what is not there.
struct HostSituation {
  const Json& host;
  const Json& intel_machine;     // named by spec.consumerRef
  const Json& bootstrap_secret;  // of the Machine that owns it
  std::string_view delete_policy;
};

// The whole desired state of the host: run this bootstrap, be clean, or nothing to say (waiting, deauthorized, kept).
agentproto::Assignment desired_work(const HostSituation& situation);

}  // namespace slipway::southbound
