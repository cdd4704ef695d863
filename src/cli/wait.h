#pragma once

#include <chrono>
#include <functional>

#include "cli/command.h"

namespace slipway::cli {

// Called with each newest state of the object (null when it is gone) and whenever `tick` passed without one. Returns
// true when the wait is over, or an Error to end it as failed.
using WaitStep = std::function<Result<bool>(const Json* object)>;

// Watches one object until `step` says it is over. kTimeout names the object and the time waited. A broken watch is
// re-established until the time is up.
Status watch_object(const Context& context, const meta::Gvk& gvk, const ObjectKey& key,
                    std::chrono::milliseconds timeout, std::chrono::milliseconds tick, const WaitStep& step);

// Asks `over` at once and then after every `pause` until it says yes. kTimeout when it did not within `timeout`,
// kCancelled when the command is interrupted, or the Error of `over`.
Status poll(const Context& context, std::chrono::milliseconds timeout, std::chrono::milliseconds pause,
            const std::function<Result<bool>()>& over);

// Waits until this very object (by uid) is gone.
Status wait_until_gone(const Context& context, const meta::Gvk& gvk, const Json& object,
                       std::chrono::milliseconds timeout, const std::function<void(const Json&)>& on_state);

}  // namespace slipway::cli
