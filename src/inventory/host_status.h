#pragma once

#include <string>

#include "base/clock.h"
#include "data/json.h"

namespace slipway::inventory {

using data::Json;

// Where a host stands: Registered -> Onboarded (enrolled) -> Provisioned (its agent reported what is really there) ->
// InUse (a machine holds it); Deauthorized overrides all. `reason` says why in one CamelCase word.
struct HostPhase {
  std::string phase;
  std::string reason;
};
HostPhase derive_phase(const Json& host);

// The host with phase, derived conditions (Onboarded, Provisioned, InUse, Authorized, Connected) and history brought up
// to date. Conditions that the agents' door reports (Connected, Clean) are only given their first value. Pure.
Json with_derived_status(Json host, base::WallTime now);

// The Instance of a host: the operating system it reports and the OSProfile that describes it ("" = none does).
Json derive_instance(const Json& host, const std::string& os_profile_name, base::WallTime now);

// True when the profile describes what the host reports (same image id and version).
bool profile_matches(const Json& os_profile, const Json& host);

}  // namespace slipway::inventory
