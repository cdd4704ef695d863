#pragma once

#include <memory>

#include "kube/client_identity.h"
#include "kube/raw_client.h"

namespace slipway::kube {

// One HTTPS exchange at a time over libcurl, as somebody; no second try. Internal to raw_client.cpp. Thread-safe.
class CurlTransport {
 public:
  virtual ~CurlTransport() = default;

  struct StreamAnswer {
    std::unique_ptr<RawStream> stream;  // null when the server refused
    RawResponse refusal;
  };
  virtual base::Result<RawResponse> request(const RawRequest& request, const ClientIdentity& identity) = 0;
  virtual base::Result<StreamAnswer> open_stream(const RawRequest& request, IdentityPtr identity) = 0;
};

base::Result<std::unique_ptr<CurlTransport>> curl_transport(const pki::Kubeconfig& config,
                                                            const RawClientOptions& options);

}  // namespace slipway::kube
