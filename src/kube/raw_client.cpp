#include "kube/raw_client.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <optional>

#include "kube/curl_transport.h"

namespace slipway::kube {

using base::ErrorCode;
using base::fail;
using base::Result;

namespace {

// Of one request that the server asks to repeat later; client-go's maxRetries.
constexpr int kMaxTries = 10;
constexpr std::chrono::seconds kRetryLimit{30};  // all pauses together

bool asks_for_another_try(const RawResponse& response) {
  return response.retry_after && (response.status == 429 || response.status >= 500);
}

// How often and until when one request may be sent again.
class Attempts {
 public:
  Attempts(base::Clock& clock, std::chrono::milliseconds timeout)
      : clock_(clock), deadline_(clock.steady() + std::min<std::chrono::milliseconds>(timeout, kRetryLimit)) {}

  // True when it may be sent again now; waits as the server wants.
  bool again(const RawResponse& response, IdentitySource& identities, const IdentityPtr& identity) {
    if (response.status == 401 && !refreshed_ && identities.refused(identity)) {
      refreshed_ = true;
      return true;
    }
    if (!asks_for_another_try(response) || ++tries_ >= kMaxTries) return false;
    const auto until = clock_.steady() + *response.retry_after;
    if (until >= deadline_) return false;
    std::mutex mutex;
    std::condition_variable_any nobody;
    std::unique_lock lock(mutex);
    while (clock_.steady() < until) clock_.wait_until(nobody, lock, until, {});
    return true;
  }

 private:
  base::Clock& clock_;
  const std::chrono::nanoseconds deadline_;
  int tries_ = 0;
  bool refreshed_ = false;
};

class AuthenticatedClient final : public RawClient {
 public:
  AuthenticatedClient(std::unique_ptr<CurlTransport> transport, std::unique_ptr<IdentitySource> identities,
                      const RawClientOptions& options)
      : transport_(std::move(transport)),
        identities_(std::move(identities)),
        clock_(*options.clock),
        longest_(options.longest_request) {}

  Result<RawResponse> request(const RawRequest& asked) override {
    RawRequest request = asked;
    request.timeout = std::min(request.timeout, longest_);
    Attempts attempts(clock_, request.timeout);
    for (;;) {
      const IdentityPtr identity = SLIPWAY_TRY(identities_->current());
      RawResponse response = SLIPWAY_TRY(transport_->request(request, *identity));
      if (!attempts.again(response, *identities_, identity)) return response;
    }
  }

  Result<std::unique_ptr<RawStream>> open_stream(const RawRequest& request) override {
    Attempts attempts(clock_, request.timeout);
    for (;;) {
      const IdentityPtr identity = SLIPWAY_TRY(identities_->current());
      CurlTransport::StreamAnswer answer = SLIPWAY_TRY(transport_->open_stream(request, identity));
      if (answer.stream) return Result<std::unique_ptr<RawStream>>(std::move(answer.stream));
      if (!attempts.again(answer.refusal, *identities_, identity)) return error_of(answer.refusal);
    }
  }

 private:
  const std::unique_ptr<CurlTransport> transport_;
  const std::unique_ptr<IdentitySource> identities_;
  base::Clock& clock_;
  const std::chrono::milliseconds longest_;
};

}  // namespace

Result<std::shared_ptr<RawClient>> connect_raw(const pki::Kubeconfig& config, const RawClientOptions& options) {
  if (!is_header_value(config.token)) return fail(ErrorCode::kInvalid, "the token of the kubeconfig has line breaks");
  auto transport = SLIPWAY_TRY(curl_transport(config, options));
  return Result<std::shared_ptr<RawClient>>(
      std::make_shared<AuthenticatedClient>(std::move(transport), identity_source(config, *options.clock), options));
}

}  // namespace slipway::kube
