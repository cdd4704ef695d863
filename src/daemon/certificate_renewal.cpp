#include "daemon/certificate_renewal.h"

#include "base/log.h"

namespace slipway::daemon {

namespace {

constexpr std::chrono::hours kLookEvery{1};

}  // namespace

net::TlsServerOptions door_tls(const Credentials& credentials) {
  // The CA goes along for agents that know it by its hash only.
  return {.certificate_pem = credentials.serving.certificate_pem + credentials.ca.certificate_pem,
          .key_pem = credentials.serving.key_pem,
          .client_ca_pem = credentials.ca.certificate_pem};
}

CertificateRenewal::CertificateRenewal(CertificateRenewalOptions options, std::string serving_certificate_pem)
    : options_(std::move(options)), present_(std::move(serving_certificate_pem)) {
  // The first look is an hour from now, not from when the thread comes to run.
  const auto first = options_.clock->steady() + kLookEvery;
  thread_ = std::jthread([this, first](const std::stop_token& stop) {
    auto next = first;
    while (!stop.stop_requested()) {
      {
        std::unique_lock lock(mutex_);
        while (!stop.stop_requested() && options_.clock->steady() < next)
          options_.clock->wait_until(wake_, lock, next, stop);
      }
      if (stop.stop_requested()) return;
      next = options_.clock->steady() + kLookEvery;
      if (const base::Status renewed = renew(); !renewed)
        base::log_error("slipwayd", "certificates cannot be renewed, tried again in an hour: {}",
                        renewed.error().message());
    }
  });
}

void CertificateRenewal::stop() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
}

base::Status CertificateRenewal::renew() {
  const base::WallTime now = options_.clock->now();
  const Credentials credentials = SLIPWAY_TRY(load_or_create_credentials(options_.data_folder, options_.names, now));
  if (credentials.serving.certificate_pem != present_) {
    for (net::HttpServer* const door : options_.doors) SLIPWAY_TRY(door->reload_tls(door_tls(credentials)));
    present_ = credentials.serving.certificate_pem;
    base::log_info("slipwayd", "the serving certificate was renewed");
  }
  return write_admin_kubeconfig(options_.data_folder, credentials, options_.server, now);
}

}  // namespace slipway::daemon
