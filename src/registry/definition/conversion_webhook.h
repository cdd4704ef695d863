#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "data/json.h"

namespace slipway::registry {

// Whom a definition with the conversion strategy Webhook asks (spec.conversion.webhook).
struct ConversionWebhook {
  std::string url;      // "" when the definition names a Service instead, which nothing here can reach
  std::string service;  // "namespace/name", for messages
  std::string ca_pem;   // "" = the certificates this machine trusts
  bool understands_v1 = false;
};
ConversionWebhook read_conversion_webhook(const data::Json& definition);

// Sends the body (a ConversionReview, JSON) by POST and gives back the answer's body. Bounds time and size.
using WebhookCaller =
    std::function<base::Result<std::string>(const ConversionWebhook& webhook, const std::string& body)>;

// Asks the webhook for `object` in `api_version` ("group/version"). Only labels and annotations of the metadata may
// come back changed. kUnavailable with the reason when it cannot be asked or answers nonsense. Rules:
// apiextensions-apiserver pkg/apiserver/conversion/webhook_converter.go.
base::Result<data::Json> convert_by_webhook(const ConversionWebhook& webhook, const WebhookCaller& call,
                                            const data::Json& object, const std::string& api_version,
                                            const std::string& review_uid);

}  // namespace slipway::registry
