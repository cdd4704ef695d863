#include "control/leader_election.h"

#include "base/log.h"
#include "data/json_text.h"

namespace slipway::control {

using base::ErrorCode;

namespace {

// Spreads candidates that started together; client-go's JitterFactor.
constexpr double kJitter = 1.2;

std::int64_t in_seconds(std::chrono::milliseconds duration) {
  return std::chrono::ceil<std::chrono::seconds>(duration).count();
}

}  // namespace

LeaderElector::LeaderElector(kube::Client& client, base::Clock& clock, base::Random& random,
                             LeaderElectionOptions options)
    : client_(client), clock_(clock), random_(random), options_(std::move(options)) {}

std::string LeaderElector::leader() const {
  std::lock_guard lock(mutex_);
  return leader_;
}

LeaderElector::End LeaderElector::run(const std::stop_token& stop, const std::function<void()>& start,
                                      const std::function<void()>& halt) {
  campaign_ = std::jthread([this](const std::stop_token& end) { campaign(end); });
  const bool leading = wait_for_lead(stop);
  if (leading) {
    base::log_info("control", "{} leads ({})", options_.identity, options_.lease.text());
    start();
  }
  const End end = leading ? wait_for_end(stop) : End::kStopped;
  if (end == End::kLost)
    base::log_error("control", "{} lost the lead: {} was not renewed for {} ms", options_.identity,
                    options_.lease.text(), options_.renew_deadline.count());
  if (leading) halt();
  campaign_.request_stop();
  if (end == End::kStopped) campaign_.join();
  return end;
}

bool LeaderElector::wait_for_lead(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested() && !renewed_at_)
    clock_.wait_until(changed_, lock, clock_.steady() + options_.retry_period, stop);
  return renewed_at_.has_value();
}

LeaderElector::End LeaderElector::wait_for_end(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    const auto deadline = *renewed_at_ + options_.renew_deadline;
    if (clock_.steady() >= deadline) {
      given_up_ = true;
      return End::kLost;
    }
    clock_.wait_until(changed_, lock, deadline, stop);
  }
  return End::kStopped;
}

void LeaderElector::campaign(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    const auto begin = clock_.steady();
    const bool held = try_acquire_or_renew();
    std::unique_lock lock(mutex_);
    if (held) {
      renewed_at_ = begin;
      changed_.notify_all();
    }
    auto pause = std::chrono::nanoseconds(options_.retry_period);
    if (!held) {
      const auto spread = static_cast<unsigned char>(random_.bytes(1)[0]) / 255.0;
      pause +=
          std::chrono::nanoseconds(static_cast<std::int64_t>(static_cast<double>(pause.count()) * kJitter * spread));
    }
    const auto next = begin + pause;
    while (!stop.stop_requested() && clock_.steady() < next) clock_.wait_until(changed_, lock, next, stop);
  }
  bool holds = false;
  {
    std::lock_guard lock(mutex_);
    holds = renewed_at_.has_value() && !given_up_;
  }
  if (holds) release();
}

void LeaderElector::observe(const std::string& record, const std::string& holder) {
  if (record == observed_record_) return;
  observed_record_ = record;
  observed_at_ = clock_.steady();
  std::lock_guard lock(mutex_);
  if (leader_ != holder) base::log_info("control", "{}: the leader is now '{}'", options_.lease.text(), holder);
  leader_ = holder;
}

Json LeaderElector::new_spec(const Json& old_spec) const {
  const std::string now = base::format_rfc3339_micro(clock_.now());
  const bool is_ours = old_spec.text({"holderIdentity"}) == options_.identity;
  const std::int64_t transitions = old_spec["leaseTransitions"].integer_or(0);
  Json spec = old_spec.is_object() ? old_spec : Json::object();
  spec.set("holderIdentity", options_.identity);
  spec.set("leaseDurationSeconds", in_seconds(options_.lease_duration));
  spec.set("renewTime", now);
  if (!is_ours) {
    spec.set("acquireTime", now);
    spec.set("leaseTransitions", old_spec.is_object() ? transitions + 1 : 0);
  }
  return spec;
}

bool LeaderElector::try_acquire_or_renew() {
  const auto found = client_.get(kube::kLease, options_.lease);
  if (!found) {
    if (found.error().code() == ErrorCode::kNotFound) return create(new_spec({}));
    base::log_warning("control", "{}: {}", options_.lease.text(), found.error().message());
    return false;
  }
  const Json& spec = (**found)["spec"];
  const std::string& holder = spec.text({"holderIdentity"});
  observe(data::to_json(spec), holder);
  const std::chrono::seconds promised(spec["leaseDurationSeconds"].integer_or(in_seconds(options_.lease_duration)));
  const bool is_free = holder.empty() || clock_.steady() >= observed_at_ + promised;
  if (holder != options_.identity && !is_free) return false;
  return write(**found, new_spec(spec));
}

bool LeaderElector::create(const Json& spec) {
  Json lease = meta::make_object(kube::kLease, options_.lease);
  lease.set("spec", spec);
  const auto created = client_.create(std::move(lease));
  if (!created && created.error().code() != ErrorCode::kAlreadyExists)
    base::log_warning("control", "{}: {}", options_.lease.text(), created.error().message());
  if (created) observe(data::to_json((**created)["spec"]), options_.identity);
  return created.has_value();
}

bool LeaderElector::write(const Json& lease, const Json& spec) {
  Json next = lease;
  next.set("spec", spec);
  // Names the resourceVersion that was read: of two candidates one gets a conflict.
  const auto written = client_.update(std::move(next));
  if (!written) {
    if (written.error().code() != ErrorCode::kConflict)
      base::log_warning("control", "{}: {}", options_.lease.text(), written.error().message());
    return false;
  }
  observe(data::to_json((**written)["spec"]), options_.identity);
  return true;
}

void LeaderElector::release() {
  const auto found = client_.get(kube::kLease, options_.lease);
  if (!found || (**found)["spec"].text({"holderIdentity"}) != options_.identity) return;
  Json spec = (**found)["spec"];
  spec.set("holderIdentity", "");
  spec.set("leaseDurationSeconds", 1);
  spec.set("renewTime", base::format_rfc3339_micro(clock_.now()));
  Json next = **found;
  next.set("spec", std::move(spec));
  if (const auto written = client_.update(std::move(next)); !written)
    base::log_warning("control", "{} is not released: {}", options_.lease.text(), written.error().message());
}

}  // namespace slipway::control
