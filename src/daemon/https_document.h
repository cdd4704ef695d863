#pragma once

#include <string>

#include "base/result.h"

namespace slipway::daemon {

// The body of the answer 200 to GET of an https URL: without redirects, at most 1 MiB, within 10 seconds. The server is
// verified by `ca_pem`, or by the authorities of this machine when it is empty.
base::Result<std::string> fetch_https_document(const std::string& url, const std::string& ca_pem);

}  // namespace slipway::daemon
