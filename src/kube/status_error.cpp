#include <algorithm>
#include <array>
#include <fmt/core.h>

#include "data/json_text.h"
#include "kube/raw_client.h"
#include "net/http_status.h"

namespace slipway::kube {

using base::Error;
using base::ErrorCode;
using data::Json;

namespace {

struct Reason {
  std::string_view text;
  ErrorCode code;
};
// metav1.StatusReason.
constexpr std::array kReasons{
    Reason{"BadRequest", ErrorCode::kBadRequest},
    Reason{"Unauthorized", ErrorCode::kUnauthorized},
    Reason{"Forbidden", ErrorCode::kForbidden},
    Reason{"NotFound", ErrorCode::kNotFound},
    Reason{"AlreadyExists", ErrorCode::kAlreadyExists},
    Reason{"Conflict", ErrorCode::kConflict},
    Reason{"Gone", ErrorCode::kGone},
    Reason{"Expired", ErrorCode::kExpired},
    Reason{"ResourceExpired", ErrorCode::kExpired},
    Reason{"Invalid", ErrorCode::kInvalid},
    Reason{"Timeout", ErrorCode::kTimeout},
    Reason{"ServerTimeout", ErrorCode::kTimeout},
    Reason{"TooManyRequests", ErrorCode::kTooManyRequests},
    Reason{"RequestEntityTooLarge", ErrorCode::kTooLarge},
    Reason{"UnsupportedMediaType", ErrorCode::kUnsupported},
    Reason{"NotAcceptable", ErrorCode::kUnsupported},
    Reason{"MethodNotAllowed", ErrorCode::kUnsupported},
    Reason{"ServiceUnavailable", ErrorCode::kUnavailable},
    Reason{"InternalError", ErrorCode::kInternal},
};

}  // namespace

Error error_of_status(const Json& status) {
  const std::string& reason = status["reason"].string_or_empty();
  const auto known = std::find_if(kReasons.begin(), kReasons.end(), [&](const Reason& r) { return r.text == reason; });
  const std::int64_t http = status["code"].integer_or(0);
  // kube-apiserver gives no reason for what it has no category for.
  const bool unknown = reason.empty() && http == 500;
  const ErrorCode code = known != kReasons.end() ? known->code
                         : unknown               ? ErrorCode::kUnknown
                                                 : net::error_code_of_http_status(static_cast<int>(http));
  std::string message = status["message"].string_or_empty();
  if (message.empty()) message = reason.empty() ? "the server gave no reason" : reason;
  std::vector<base::FieldError> fields;
  for (const Json& cause : status["details"]["causes"].items()) {
    fields.push_back(
        {cause["field"].string_or_empty(), cause["reason"].string_or_empty(), cause["message"].string_or_empty()});
  }
  return Error(code, std::move(message)).with_fields(std::move(fields));
}

Error error_of(const RawResponse& response) {
  const auto body = data::parse_json(response.body);
  if (body && (*body)["kind"].string_or_empty() == "Status") {
    Json status = *body;
    if (status["code"].integer_or(0) == 0) status.set("code", response.status);
    return error_of_status(status);
  }
  std::string said = response.body.substr(0, 200);
  while (!said.empty() && (said.back() == '\n' || said.back() == '\r')) said.pop_back();
  return Error(net::error_code_of_http_status(response.status),
               fmt::format("the server answered {}: {}", response.status, said));
}

base::Result<Json> json_of(base::Result<RawResponse> response) {
  if (!response) return std::move(response.error());
  if (!response->ok()) return error_of(*response);
  return data::parse_json(response->body, {.max_bytes = response->body.size()}).with_context("the server's answer");
}

std::string url_encode(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                       c == '.' || c == '_' || c == '~';
    if (plain) {
      out += c;
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

}  // namespace slipway::kube
