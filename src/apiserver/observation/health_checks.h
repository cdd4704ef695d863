#pragma once

#include <atomic>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "net/http_message.h"

namespace slipway::apiserver {

// One thing that must work, by the name that /readyz?verbose shows. `test` is called for every question, on a worker
// thread: it must be quick and must not wait without bound.
struct HealthCheck {
  std::string name;
  std::function<base::Status()> test;
  bool only_readiness = false;  // says nothing about /healthz and /livez: a restart would not help
};

// /healthz, /livez and /readyz in the form of kube-apiserver (k8s.io/apiserver/pkg/server/healthz): "ok", or every
// check on its own line with ?verbose or when one fails (500); ?exclude=NAME leaves one out; /readyz/NAME asks one
// alone. Why a check fails is in the server's log, not in the answer: anybody may ask. Thread-safe.
class HealthChecks {
 public:
  // Beside these there are `ping`, which always holds, and, for readiness, `shutdown`.
  explicit HealthChecks(std::vector<HealthCheck> checks);

  // Absent: no path of these.
  std::optional<net::HttpResponse> answer(const net::HttpRequest& request) const;
  std::vector<std::string> paths() const;
  // From now on the server is not ready, but still alive.
  void begin_shutdown() { stopping_ = true; }

 private:
  static base::Status run(const HealthCheck& check, std::string_view endpoint);

  std::vector<HealthCheck> checks_;
  std::atomic<bool> stopping_ = false;
};

}  // namespace slipway::apiserver
