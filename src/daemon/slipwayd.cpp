#include "daemon/slipwayd.h"

#include <array>
#include <atomic>

#include "base/files.h"
#include "base/log.h"
#include "daemon/api_door.h"
#include "daemon/certificate_renewal.h"
#include "daemon/connection_limits.h"
#include "daemon/controller_metrics.h"
#include "daemon/orchestration.h"
#include "daemon/resource_plane.h"

namespace slipway::daemon {

using base::Result;
using base::Status;

namespace {

class EmbeddedSlipwayd final : public Slipwayd {
 public:
  explicit EmbeddedSlipwayd(SlipwaydOptions options)
      : options_(std::move(options)),
        names_(serving_names(std::array{options_.api, options_.agents, options_.gateway}, options_.advertise)) {}
  ~EmbeddedSlipwayd() override { stop(); }

  Status open() {
    const std::size_t open_files = raise_open_file_limit();
    const ConnectionLimits limits = connection_limits(open_files, options_.api_only);
    base::log_info("slipwayd", "at most {} API clients, {} agents and {} gateway connections (open files: {})",
                   limits.api, limits.agents, limits.gateway, open_files);
    SLIPWAY_TRY(base::make_folders(options_.data_folder, 0700));
    credentials_ =
        SLIPWAY_TRY(load_or_create_credentials(options_.data_folder, names_, base::SystemClock::instance().now()));
    using Kinds = ResourcePlane::Kinds;
    plane_ = SLIPWAY_TRY(ResourcePlane::open(
        options_.data_folder, options_.api_only ? Kinds::kKubernetes : Kinds::kSlipway, options_.sealed));
    ApiDoor::WriteMetrics metrics;
    if (!options_.api_only) {
      // Before the API: whoever comes in finds every controller at work.
      orchestration_ = SLIPWAY_TRY(Orchestration::start(plane_->client(), {.agents = options_.agents,
                                                                           .gateway = options_.gateway,
                                                                           .advertise = options_.advertise,
                                                                           .credentials = credentials_,
                                                                           .limits = limits}));
      metrics = [this](apiserver::Exposition& out) {
        write_controller_metrics(out, orchestration_->manager().statistics());
      };
    }
    api_ = SLIPWAY_TRY(ApiDoor::open(*plane_, options_, credentials_, limits.api, std::move(metrics)));
    return keep_credentials();
  }

  void stop() override {
    if (stopped_.exchange(true)) return;
    if (renewal_) renewal_->stop();
    if (api_) api_->stop();
    if (orchestration_) orchestration_->stop();
    if (api_) api_->stop_keepers();
    if (plane_) plane_->stop();
  }

  std::string api_url() const override {
    return "https://" + host_and_port(reachable_host(options_.api, options_.advertise), api_->port());
  }
  std::string agents_url() const override { return orchestration_ ? orchestration_->agents_url() : ""; }
  std::string gateway_address() const override { return orchestration_ ? orchestration_->gateway_address() : ""; }
  std::filesystem::path kubeconfig_path() const override { return options_.data_folder / "admin.kubeconfig"; }

 private:
  Status keep_credentials() {
    const auto renew = [folder = options_.data_folder, names = names_,
                        server = api_url()](base::WallTime now) -> Result<Credentials> {
      Credentials credentials = SLIPWAY_TRY(load_or_create_credentials(folder, names, now));
      SLIPWAY_TRY(write_admin_kubeconfig(folder, credentials, server, now));
      return credentials;
    };
    SLIPWAY_TRY(renew(base::SystemClock::instance().now()));
    std::vector<net::HttpServer*> doors{&api_->http()};
    if (orchestration_) doors.push_back(&orchestration_->agents_door());
    CertificateRenewalOptions renewal{
        .renew = renew, .doors = std::move(doors), .look_every = options_.look_at_certificates_every};
    if (orchestration_)
      renewal.authority_changed = [this](const CertificateAuthority& authority) {
        orchestration_->use_authority(authority);
      };
    renewal_ = std::make_unique<CertificateRenewal>(std::move(renewal), credentials_);
    return {};
  }

  const SlipwaydOptions options_;
  const std::vector<std::string> names_;
  Credentials credentials_;
  std::unique_ptr<ResourcePlane> plane_;
  std::unique_ptr<Orchestration> orchestration_;
  std::unique_ptr<ApiDoor> api_;
  std::unique_ptr<CertificateRenewal> renewal_;
  std::atomic<bool> stopped_{false};
};

}  // namespace

Result<std::unique_ptr<Slipwayd>> Slipwayd::start(SlipwaydOptions options) {
  auto process = std::make_unique<EmbeddedSlipwayd>(std::move(options));
  SLIPWAY_TRY(process->open());
  return std::unique_ptr<Slipwayd>(std::move(process));
}

}  // namespace slipway::daemon
