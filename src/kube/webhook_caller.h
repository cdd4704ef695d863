#pragma once

#include "registry/definition/conversion_webhook.h"

namespace slipway::kube {

// Calls conversion webhooks over HTTPS. A call takes at most 10 seconds and an answer at most 16 MiB; a webhook without
// a caBundle is checked with the certificates this machine trusts. Thread-safe.
registry::WebhookCaller webhook_caller();

}  // namespace slipway::kube
