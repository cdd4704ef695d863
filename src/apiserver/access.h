#pragma once

#include "apiserver/request_path.h"
#include "base/result.h"
#include "net/http_message.h"

namespace slipway::apiserver {

// What a request wants, in the words of Kubernetes' authorizers.
struct AccessRequest {
  const net::HttpRequest& request;
  const RequestPath& path;
  std::string_view verb;  // get, list, watch, create, update, patch, delete, deletecollection; or the lower-case method
};

// Who is in system:masters (by client certificate) may do everything; nobody else may do anything: kUnauthorized
// without a certificate, kForbidden with another. /version and the health checks are for everyone.
base::Status check_certificate_access(const AccessRequest& access);

}  // namespace slipway::apiserver
