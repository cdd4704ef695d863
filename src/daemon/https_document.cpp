#include "daemon/https_document.h"

#include <algorithm>
#include <fmt/core.h>

#include "kube/raw_client.h"

namespace slipway::daemon {

using base::ErrorCode;

base::Result<std::string> fetch_https_document(const std::string& url, const std::string& ca_pem) {
  constexpr std::string_view kScheme = "https://";
  if (!url.starts_with(kScheme)) return base::fail(ErrorCode::kInvalid, fmt::format("\"{}\" is no https URL", url));
  const std::size_t path_at = std::min(url.find('/', kScheme.size()), url.size());
  constexpr std::chrono::milliseconds kConnectTimeout{5'000}, kTimeout{10'000};
  constexpr std::size_t kMaxBytes = 1u << 20;
  const auto client =
      SLIPWAY_TRY(kube::connect_raw({.server = url.substr(0, path_at), .ca_pem = ca_pem},
                                    {.connect_timeout = kConnectTimeout, .max_response_bytes = kMaxBytes}));
  kube::RawRequest request{.path = url.substr(path_at), .timeout = kTimeout};
  if (request.path.empty()) request.path = "/";
  auto response = SLIPWAY_TRY(client->request(request).with_context(url));
  if (response.status != 200)
    return base::fail(ErrorCode::kUnavailable, fmt::format("{} answers with HTTP status {}", url, response.status));
  return std::move(response.body);
}

}  // namespace slipway::daemon
