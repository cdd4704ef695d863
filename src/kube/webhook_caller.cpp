#include "kube/webhook_caller.h"

#include <fmt/core.h>

#include "kube/raw_client.h"

namespace slipway::kube {

registry::WebhookCaller webhook_caller() {
  return [](const registry::ConversionWebhook& webhook, const std::string& body) -> base::Result<std::string> {
    constexpr std::chrono::milliseconds kTimeout{10'000};
    const RawClientOptions options{.connect_timeout = kTimeout, .max_response_bytes = 16u << 20};
    pki::Kubeconfig target;
    target.server = webhook.url;
    target.ca_pem = webhook.ca_pem;
    const auto client = SLIPWAY_TRY(connect_raw(target, options));
    RawRequest request;
    request.method = "POST";
    request.body = body;
    request.timeout = kTimeout;
    RawResponse response = SLIPWAY_TRY(client->request(request));
    if (!response.ok())
      return base::fail(base::ErrorCode::kUnavailable,
                        fmt::format("{} answered with status {}", webhook.url, response.status));
    return std::move(response.body);
  };
}

}  // namespace slipway::kube
