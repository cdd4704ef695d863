#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "daemon/credentials.h"
#include "net/http_server.h"

namespace slipway::daemon {

struct CertificateRenewalOptions {
  // Makes anew what is about to end, and gives what is in force.
  std::function<base::Result<Credentials>(base::WallTime now)> renew;
  std::vector<net::HttpServer*> doors;
  std::function<void(const CertificateAuthority&)> authority_changed;  // after the doors have it; on its own thread
  std::chrono::milliseconds look_every{60'000};
  base::Clock* clock = &base::SystemClock::instance();
};

// What a door serves with: its certificate and who signed those of its clients.
net::TlsServerOptions door_tls(const Credentials& credentials);

// Renews credentials while the server runs: looks every minute, also for what a command changed, and hands what is new
// to the doors. Open connections keep what they have. The doors must outlive it.
class CertificateRenewal {
 public:
  CertificateRenewal(CertificateRenewalOptions options, const Credentials& present);
  ~CertificateRenewal() { stop(); }
  // Ends its thread. Idempotent.
  void stop();

 private:
  base::Status renew();

  const CertificateRenewalOptions options_;
  net::TlsServerOptions present_;  // what the doors have
  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::jthread thread_;
};

}  // namespace slipway::daemon
