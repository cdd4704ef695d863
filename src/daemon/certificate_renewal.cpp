#include "daemon/certificate_renewal.h"

#include "base/log.h"

namespace slipway::daemon {

net::TlsServerOptions door_tls(const Credentials& credentials) {
  return {.certificate_pem = credentials.serving.certificate_pem + credentials.authority.chain_pem(),
          .key_pem = credentials.serving.key_pem,
          .client_ca_pem = credentials.authority.trusted_pem()};
}

CertificateRenewal::CertificateRenewal(CertificateRenewalOptions options, const Credentials& present)
    : options_(std::move(options)), present_(door_tls(present)) {
  // The first look is counted from now, not from when the thread comes to run.
  const auto first = options_.clock->steady() + options_.look_every;
  thread_ = std::jthread([this, first](const std::stop_token& stop) {
    auto next = first;
    std::string last_trouble;
    while (!stop.stop_requested()) {
      {
        std::unique_lock lock(mutex_);
        while (!stop.stop_requested() && options_.clock->steady() < next)
          options_.clock->wait_until(wake_, lock, next, stop);
      }
      if (stop.stop_requested()) return;
      next = options_.clock->steady() + options_.look_every;
      const base::Status renewed = renew();
      const std::string trouble = renewed ? "" : renewed.error().message();
      if (!trouble.empty() && trouble != last_trouble)
        base::log_error("slipwayd", "certificates cannot be renewed, tried again all the time: {}", trouble);
      last_trouble = trouble;
    }
  });
}

void CertificateRenewal::stop() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
}

base::Status CertificateRenewal::renew() {
  const Credentials credentials = SLIPWAY_TRY(options_.renew(options_.clock->now()));
  const net::TlsServerOptions tls = door_tls(credentials);
  const bool is_trust_new = tls.client_ca_pem != present_.client_ca_pem;
  if (is_trust_new || tls.certificate_pem != present_.certificate_pem) {
    for (net::HttpServer* const door : options_.doors) SLIPWAY_TRY(door->reload_tls(tls));
    present_ = tls;
    base::log_info("slipwayd", "the doors have {}", is_trust_new ? "new authorities" : "a new serving certificate");
    if (is_trust_new && options_.authority_changed) options_.authority_changed(credentials.authority);
  }
  return {};
}

}  // namespace slipway::daemon
