#include "inventory/host_status.h"

#include <fmt/core.h>

#include "api/inventory/inventory.h"
#include "meta/conditions.h"
#include "meta/object.h"

namespace slipway::inventory {

using meta::ConditionStatus;
namespace phase = api::inventory::phase;

namespace {

// The history keeps the newest entries; the schema allows 256.
constexpr std::size_t kHistoryLimit = 100;

bool is_onboarded(const Json& host) {
  return !host.text({"status", "agent", "keyFingerprint"}).empty();
}
bool has_report(const Json& host) {
  return !host.text({"status", "os", "name"}).empty();
}

void set(Json& host, std::string_view type, bool value, std::string reason, std::string message, base::WallTime now) {
  meta::set_condition(host,
                      {std::string(type), value ? ConditionStatus::kTrue : ConditionStatus::kFalse, std::move(reason),
                       std::move(message)},
                      now);
}

void set_first(Json& host, std::string_view type, bool value, std::string reason, std::string message,
               base::WallTime now) {
  if (meta::find_condition(host, type).is_null()) set(host, type, value, std::move(reason), std::move(message), now);
}

void append_history(Json& host, const HostPhase& reached, base::WallTime now) {
  auto& history = host.at({"status", "timeline"}).mutable_items();
  history.push_back(
      Json::object({{"phase", reached.phase}, {"time", base::format_rfc3339_micro(now)}, {"reason", reached.reason}}));
  if (history.size() > kHistoryLimit) history.erase(history.begin());
}

}  // namespace

HostPhase derive_phase(const Json& host) {
  if (!host.get({"spec", "authorized"}).bool_or(true)) return {std::string(phase::kDeauthorized), "Deauthorized"};
  if (!host.text({"spec", "consumerRef", "name"}).empty()) return {std::string(phase::kInUse), "ClaimedByMachine"};
  if (!is_onboarded(host)) return {std::string(phase::kRegistered), "WaitingForEnrolment"};
  if (!has_report(host)) return {std::string(phase::kOnboarded), "WaitingForReport"};
  return {std::string(phase::kProvisioned), "SystemReported"};
}

Json with_derived_status(Json host, base::WallTime now) {
  namespace condition = api::inventory::condition;
  const HostPhase reached = derive_phase(host);
  if (host.text({"status", "phase"}) != reached.phase) append_history(host, reached, now);
  host.at("status").set("phase", reached.phase);

  const bool authorized = reached.phase != phase::kDeauthorized;
  // The certificate of a deauthorized host is refused for good: to return, it must enrol again with a new token.
  if (!authorized) host.at({"status", "agent"}).erase("keyFingerprint");
  set(host, condition::kAuthorized, authorized, authorized ? "Authorized" : "Deauthorized",
      authorized ? ""
                 : fmt::format("its credentials are refused; to let it back in: slipway host authorize {0}, then "
                               "slipway host token {0}",
                               meta::name(host)),
      now);
  set(host, condition::kOnboarded, is_onboarded(host), is_onboarded(host) ? "Enrolled" : "WaitingForEnrolment",
      is_onboarded(host) ? "" : "start slipway-agent on the machine with its join token", now);
  set(host, condition::kProvisioned, has_report(host), has_report(host) ? "SystemReported" : "WaitingForReport",
      has_report(host) ? "" : "its agent has not reported its operating system yet", now);
  const std::string& consumer = host.text({"spec", "consumerRef", "name"});
  set(host, condition::kInUse, !consumer.empty(), consumer.empty() ? "Free" : "ClaimedByMachine",
      consumer.empty() ? "" : fmt::format("by {} '{}'", host.text({"spec", "consumerRef", "kind"}), consumer), now);
  set_first(host, condition::kConnected, false, "NeverConnected", "its agent has not connected yet", now);
  return host;
}

bool profile_matches(const Json& os_profile, const Json& host) {
  const std::string& image = os_profile.text({"spec", "imageID"});
  const std::string& version = os_profile.text({"spec", "imageVersion"});
  return !image.empty() && image == host.text({"status", "os", "imageID"}) &&
         (version.empty() || version == host.text({"status", "os", "imageVersion"}));
}

Json derive_instance(const Json& host, const std::string& os_profile_name, base::WallTime now) {
  Json instance = meta::make_object(api::inventory::kInstance, meta::key_of(host));
  meta::set_owner_reference(instance, host, true);
  Json& spec = instance.set("spec", Json::object({{"hostRef", Json::object({{"name", meta::name(host)}})}}));
  if (!os_profile_name.empty()) spec.set("osProfileRef", Json::object({{"name", os_profile_name}}));
  instance.set("status", Json::object({{"phase", api::inventory::instance_phase::kProvisioned},
                                       {"os", host.get({"status", "os"})}}));
  if (const Json& kubernetes = host.get({"status", "kubernetes"}); kubernetes.is_object())
    instance.at("status").set("kubernetes", kubernetes);
  const bool known = !os_profile_name.empty();
  meta::set_condition(
      instance,
      {"ProfileMatched", known ? ConditionStatus::kTrue : ConditionStatus::kUnknown,
       known ? "ProfileMatched" : "NoProfile", known ? "" : "no OSProfile describes the image that the host reports"},
      now);
  return instance;
}

}  // namespace slipway::inventory
