#pragma once

#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "daemon/credentials.h"
#include "net/http_server.h"

namespace slipway::daemon {

struct CertificateRenewalOptions {
  std::filesystem::path data_folder;
  std::vector<std::string> names;  // of the serving certificate
  std::string server;              // in admin.kubeconfig
  std::vector<net::HttpServer*> doors;
  base::Clock* clock = &base::SystemClock::instance();
};

// What a door serves with: its certificate and who signed those of its clients.
net::TlsServerOptions door_tls(const Credentials& credentials);

// Makes the serving certificate and admin.kubeconfig anew 30 days before they end, while the server runs: looks every
// hour, and hands the new one to the doors. Open connections keep the old one. The doors must outlive it.
class CertificateRenewal {
 public:
  CertificateRenewal(CertificateRenewalOptions options, std::string serving_certificate_pem);
  ~CertificateRenewal() { stop(); }
  // Ends its thread. Idempotent.
  void stop();

 private:
  base::Status renew();

  const CertificateRenewalOptions options_;
  std::string present_;  // the serving certificate that the doors have
  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::jthread thread_;
};

}  // namespace slipway::daemon
