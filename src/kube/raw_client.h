#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "data/json.h"
#include "pki/kubeconfig.h"

// Plain HTTPS access to a Kubernetes API server: paths in, JSON out. RemoteClient stands on it; providers use it where
// kinds do not matter (a workload cluster's /readyz, nodes, manifests).
namespace slipway::kube {

struct RawRequest {
  std::string method = "GET";
  std::string path;          // with the query, already percent-encoded: "/api/v1/nodes?limit=5"
  std::string content_type;  // "" = application/json when there is a body
  std::string body;
  std::string accept = "application/json";
  std::chrono::milliseconds timeout{30'000};
};

struct RawResponse {
  int status = 0;
  std::string content_type;
  std::string body;
  std::optional<std::chrono::seconds> retry_after;  // how long the server wants to be left alone

  bool ok() const { return status >= 200 && status < 300; }
};

// The lines of a response that goes on (a watch). One reader thread; close() from any thread.
class RawStream {
 public:
  virtual ~RawStream() = default;
  // Whole lines without their end, at least one, or none after `timeout`. kCancelled after close(); kUnavailable when
  // the server ended the stream or the connection broke.
  virtual base::Result<std::vector<std::string>> next(std::chrono::milliseconds timeout) = 0;
  virtual void close() = 0;
};

// Thread-safe; keeps a few connections open.
class RawClient {
 public:
  virtual ~RawClient() = default;
  // Any HTTP status is an answer; an Error means there was none: kUnavailable (no way there, TLS), kTimeout.
  virtual base::Result<RawResponse> request(const RawRequest& request) = 0;
  // Returns once the head of the answer is there; a status other than 2xx comes back as its Error (error_of).
  virtual base::Result<std::unique_ptr<RawStream>> open_stream(const RawRequest& request) = 0;
};

struct RawClientOptions {
  std::chrono::milliseconds connect_timeout{10'000};
  std::size_t max_response_bytes = 256u << 20;
  std::size_t max_line_bytes = 16u << 20;              // of a stream
  std::chrono::milliseconds longest_request{600'000};  // above RawRequest::timeout
  base::Clock* clock = &base::SystemClock::instance();
};

// Over libcurl, as whom the kubeconfig says (client_identity.h): a refusal (401) is tried once more when there may be
// new credentials by now. 429 and 5xx with Retry-After are repeated after that time, 10 times and for 30 s (or the
// request's timeout) at most; then they are the answer. The TCP connection goes to the host of `config.server`; TLS
// asks for (and verifies) tls_server_name when it is set, so that a gateway can route by it. kInvalid when the server
// is no https URL.
base::Result<std::shared_ptr<RawClient>> connect_raw(const pki::Kubeconfig& config,
                                                     const RawClientOptions& options = {});

// The Error that an answer with a failure status stands for: metav1.Status with its reason, message and causes, or the
// HTTP status when the body is something else.
base::Error error_of(const RawResponse& response);
base::Error error_of_status(const data::Json& status);
// The JSON of a 2xx answer; its Error otherwise.
base::Result<data::Json> json_of(base::Result<RawResponse> response);

// One path segment or query value, percent-encoded.
std::string url_encode(std::string_view text);

}  // namespace slipway::kube
