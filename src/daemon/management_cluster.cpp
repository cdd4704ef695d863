#include "daemon/management_cluster.h"

#include <array>
#include <atomic>
#include <fmt/core.h>
#include <mutex>
#include <thread>
#include <unistd.h>

#include "base/log.h"
#include "base/random.h"
#include "daemon/certificate_renewal.h"
#include "daemon/cluster_authority.h"
#include "daemon/install_kinds.h"
#include "daemon/orchestration.h"
#include "data/encoding.h"
#include "kube/remote_client.h"

namespace slipway::daemon {

using base::ErrorCode;
using base::Result;
using base::Status;
using control::LeaderElector;

namespace {

std::string own_identity() {
  std::array<char, 256> hostname{};
  ::gethostname(hostname.data(), hostname.size() - 1);
  return fmt::format("{}_{}", hostname.data(), data::hex_encode(base::SystemRandom::instance().bytes(8)));
}

class Replica final : public ManagedSlipwayd {
 public:
  Replica(ManagementClusterOptions options, Events events)
      : options_(std::move(options)),
        events_(std::move(events)),
        names_(serving_names(std::array{options_.agents, options_.gateway}, options_.advertise)),
        identity_(options_.identity.empty() ? own_identity() : options_.identity) {}
  ~Replica() override { stop(); }

  Status open() {
    client_ = SLIPWAY_TRY(kube::RemoteClient::connect(options_.cluster));
    // A renewal that hangs must leave time for another one.
    election_client_ =
        SLIPWAY_TRY(kube::RemoteClient::connect(options_.cluster, {.longest_request = options_.renew_deadline / 2}));
    SLIPWAY_TRY(kube::json_of(client_->raw().request({.path = "/version"})).with_context("the management cluster"));
    SLIPWAY_TRY(ensure_namespace());
    elector_ = std::make_unique<LeaderElector>(*election_client_, clock_, base::SystemRandom::instance(),
                                               control::LeaderElectionOptions{.lease = {options_.ns, options_.lease},
                                                                              .identity = identity_,
                                                                              .lease_duration = options_.lease_duration,
                                                                              .renew_deadline = options_.renew_deadline,
                                                                              .retry_period = options_.retry_period});
    thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
    return {};
  }

  void stop() override {
    if (stopped_.exchange(true)) return;
    thread_.request_stop();
    if (thread_.joinable() && thread_.get_id() != std::this_thread::get_id()) thread_.join();
  }

  std::string identity() const override { return identity_; }
  std::string leader() const override { return elector_->leader(); }
  std::string agents_url() const override {
    const std::lock_guard lock(mutex_);
    return orchestration_ ? orchestration_->agents_url() : "";
  }
  std::string gateway_address() const override {
    const std::lock_guard lock(mutex_);
    return orchestration_ ? orchestration_->gateway_address() : "";
  }

 private:
  Status ensure_namespace() {
    const auto found = client_->get(kube::kNamespace, {"", options_.ns});
    if (found || found.error().code() != ErrorCode::kNotFound) return {};  // the Lease tells what is not allowed
    const auto made = client_->create(meta::make_object(kube::kNamespace, {"", options_.ns}));
    if (made || made.error().code() == ErrorCode::kAlreadyExists) return {};
    return Status(made.error()).with_context(fmt::format("namespace {}", options_.ns));
  }

  void run(const std::stop_token& stop) {
    const std::stop_callback forward(stop, [this] { end_.request_stop(); });
    std::optional<base::Error> failure;
    elector_->run(
        end_.get_token(),
        [&] {
          const Status leading = lead();
          if (leading) return events_.leading(*this);
          failure = leading.error();
          end_.request_stop();
        },
        [&] {
          if (!end_.stop_requested())
            events_.lost(fmt::format("{} lost the lead: Lease {}/{} was not renewed for {} ms", identity_, options_.ns,
                                     options_.lease, options_.renew_deadline.count()));
          halt();
        });
    if (failure) events_.failed(*failure);
  }

  Status lead() {
    const ConnectionLimits limits = connection_limits(raise_open_file_limit(), false);
    SLIPWAY_TRY(install_kinds(*client_, clock_).with_context("Slipway's kinds cannot be installed"));
    Credentials credentials;
    credentials.authority.signer = SLIPWAY_TRY(load_or_create_cluster_authority(*client_, options_.ns, clock_.now()));
    const auto renew = [this, credentials](base::WallTime now) mutable -> Result<Credentials> {
      credentials.serving = SLIPWAY_TRY(serving_certificate(credentials.authority, credentials.serving, names_, now));
      return credentials;
    };
    std::function<Result<Credentials>(base::WallTime)> keep = renew;
    credentials = SLIPWAY_TRY(keep(clock_.now()));
    auto orchestration = SLIPWAY_TRY(Orchestration::start(*client_, {.agents = options_.agents,
                                                                     .gateway = options_.gateway,
                                                                     .advertise = options_.advertise,
                                                                     .credentials = credentials,
                                                                     .limits = limits}));
    renewal_ = std::make_unique<CertificateRenewal>(
        CertificateRenewalOptions{.renew = std::move(keep), .doors = {&orchestration->agents_door()}}, credentials);
    const std::lock_guard lock(mutex_);
    orchestration_ = std::move(orchestration);
    return {};
  }

  void halt() {
    if (renewal_) renewal_->stop();
    renewal_.reset();
    if (orchestration_) orchestration_->stop();
    const std::lock_guard lock(mutex_);
    orchestration_.reset();
  }

  const ManagementClusterOptions options_;
  const Events events_;
  const std::vector<std::string> names_;
  const std::string identity_;
  base::Clock& clock_ = base::SystemClock::instance();
  std::shared_ptr<kube::RemoteClient> client_, election_client_;
  std::unique_ptr<LeaderElector> elector_;
  mutable std::mutex mutex_;
  std::unique_ptr<Orchestration> orchestration_;  // changed by the election's thread under mutex_
  std::unique_ptr<CertificateRenewal> renewal_;   // the election's thread only
  std::stop_source end_;                          // asked from outside, or could not lead
  std::atomic<bool> stopped_{false};
  std::jthread thread_;
};

}  // namespace

Result<std::unique_ptr<ManagedSlipwayd>> ManagedSlipwayd::start(ManagementClusterOptions options, Events events) {
  auto replica = std::make_unique<Replica>(std::move(options), std::move(events));
  SLIPWAY_TRY(replica->open());
  return Result<std::unique_ptr<ManagedSlipwayd>>(std::move(replica));
}

}  // namespace slipway::daemon
