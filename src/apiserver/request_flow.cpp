#include "apiserver/request_flow.h"

#include <algorithm>
#include <functional>

#include "apiserver/authentication/user_info.h"
#include "apiserver/negotiation.h"
#include "apiserver/status.h"

namespace slipway::apiserver {

namespace {

enum FlowClass : int { kAdministrators, kCertificates, kTokens, kEverybodyElse };

std::string_view reason_of(int status) {
  switch (status) {
    case 408:
      return "Timeout";
    case 413:
      return "RequestEntityTooLarge";
    case 429:
      return "TooManyRequests";
    case 503:
      return "ServiceUnavailable";
    default:
      return "BadRequest";
  }
}

}  // namespace

net::RequestFlow flow_of(const net::HttpRequest& request) {
  if (request.has_certificate) {
    const auto& groups = request.certificate.organizations;
    const bool master = std::ranges::find(groups, kMastersGroup) != groups.end();
    return {master ? kAdministrators : kCertificates, request.certificate.common_name};
  }
  if (const std::string_view credentials = request.header("authorization"); !credentials.empty())
    return {kTokens, std::to_string(std::hash<std::string_view>{}(credentials))};
  return {kEverybodyElse, request.peer_host()};
}

net::HttpResponse refusal(int status, std::string_view message) {
  const bool is_busy = status == 429 || status == 503;
  data::Json document = failure_status(status, reason_of(status), message);
  if (is_busy) document.set("details", data::Json::object({{"retryAfterSeconds", 1}}));
  net::HttpResponse response = make_response(status, document, {});
  if (is_busy) response.headers.emplace_back("retry-after", "1");
  return response;
}

}  // namespace slipway::apiserver
