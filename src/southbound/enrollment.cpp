#include "southbound/enrollment.h"

#include <algorithm>
#include <cctype>
#include <fmt/core.h>

#include "api/inventory/inventory.h"
#include "base/crash_point.h"
#include "base/log.h"
#include "control/object_patch.h"
#include "inventory/join_token.h"

namespace slipway::southbound {

using base::ErrorCode;
using base::Result;
using base::Status;
using data::Json;
using meta::ObjectKey;
using meta::ObjectPtr;

std::string host_common_name(const ObjectKey& host) {
  return fmt::format("host:{}:{}", host.ns, host.name);
}

std::optional<ObjectKey> parse_host_common_name(std::string_view common_name) {
  if (!common_name.starts_with("host:")) return std::nullopt;
  common_name.remove_prefix(5);
  const auto colon = common_name.find(':');
  if (colon == common_name.npos || colon == 0 || colon + 1 == common_name.size()) return std::nullopt;
  return ObjectKey{std::string(common_name.substr(0, colon)), std::string(common_name.substr(colon + 1))};
}

bool FailureLimiter::allows(const std::string& address) {
  std::lock_guard lock(mutex_);
  const auto found = failures_.find(address);
  if (found == failures_.end()) return true;
  while (!found->second.empty() && clock_.steady() - found->second.front() > std::chrono::minutes(1))
    found->second.pop_front();
  if (found->second.empty()) failures_.erase(found);
  return !failures_.contains(address) || failures_.at(address).size() < limit_;
}

void FailureLimiter::count_failure(const std::string& address) {
  std::lock_guard lock(mutex_);
  constexpr std::size_t kMaxAddresses = 10'000;
  if (failures_.size() >= kMaxAddresses) failures_.clear();
  failures_[address].push_back(clock_.steady());
}

namespace {

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

// Every identity that the Host was registered with must be the machine's; at least one must be there.
bool is_registered_as(const Json& host, const agentproto::EnrollRequest& request) {
  const std::string& serial = host.text({"spec", "serialNumber"});
  const std::string& uuid = host.text({"spec", "uuid"});
  if (serial.empty() && uuid.empty()) return false;
  return (serial.empty() || serial == request.serial_number) && (uuid.empty() || uuid == lower(request.uuid));
}

}  // namespace

Result<ObjectPtr> Enrollment::find_host(const agentproto::EnrollRequest& request) {
  ObjectPtr found;
  for (const auto& [path, value] :
       {std::pair{"spec.serialNumber", request.serial_number}, {"spec.uuid", lower(request.uuid)}}) {
    if (value.empty()) continue;
    const auto hosts = SLIPWAY_TRY(
        manager_.client().list(api::inventory::kHost, {.fields = meta::FieldSelector::equals(path, value)}));
    for (const ObjectPtr& host : hosts.items) {
      if (!is_registered_as(*host, request) || (found && meta::key_of(*found) == meta::key_of(*host))) continue;
      if (found)
        return base::fail(ErrorCode::kForbidden, fmt::format("hosts '{}' and '{}' are both registered for this machine",
                                                             meta::name(*found), meta::name(*host)));
      found = host;
    }
  }
  if (!found) return base::fail(ErrorCode::kForbidden, "no host is registered for this serial number and UUID");
  return found;
}

Status Enrollment::use_token(const Json& host, const std::string& token, const std::string& key_fingerprint) {
  const ObjectKey key{meta::ns(host), inventory::join_token_secret_name(meta::name(host))};
  const auto secret = manager_.client().get(kube::kSecret, key);
  if (!secret && secret.error().code() == ErrorCode::kNotFound)
    return Status(ErrorCode::kForbidden,
                  fmt::format("host '{0}' has no join token; make one: slipway host token {0}", meta::name(host)));
  if (!secret) return secret.error();
  SLIPWAY_TRY(inventory::check_join_token(**secret, token, key_fingerprint, manager_.clock().now()));
  // update() carries the resourceVersion: of two keys with one token only one gets in.
  const auto marked = manager_.client().update(inventory::mark_join_token_used(**secret, key_fingerprint));
  if (!marked) return Status(marked.error());
  return {};
}

void Enrollment::use(Authority authority) {
  const std::lock_guard lock(mutex_);
  authority_ = std::move(authority);
}

Enrollment::Authority Enrollment::authority() const {
  const std::lock_guard lock(mutex_);
  return authority_;
}

Result<std::string> Enrollment::sign(const Authority& authority, const ObjectKey& host, std::string_view csr_pem) {
  return pki::sign_csr(authority.signer, csr_pem,
                       {.subject = {host_common_name(host), {std::string(kHostsOrganization)}},
                        .usage = pki::Usage::kClient,
                        .lifetime = kHostCertificateLifetime},
                       manager_.clock().now());
}

Status Enrollment::record_key(const ObjectKey& host, const std::string& certificate_pem,
                              const std::string& key_fingerprint) {
  const auto info = SLIPWAY_TRY(pki::read_certificate(certificate_pem));
  const Json agent = Json::object({{"keyFingerprint", key_fingerprint},
                                   {"certificateFingerprint", info.sha256_fingerprint},
                                   {"certificateExpiry", base::format_rfc3339(info.not_after)}});
  SLIPWAY_TRY(manager_.client().patch(api::inventory::kHost, host, kube::PatchType::kMerge,
                                      Json::object({{"status", Json::object({{"agent", agent}})}}),
                                      {.subresource = "status"}));
  return {};
}

Result<agentproto::EnrollResponse> Enrollment::enroll(const agentproto::EnrollRequest& request,
                                                      const std::string& address) {
  const auto refused = [&](const Json* host, const base::Error& why) -> base::Error {
    base::log_warning("southbound", "enrolment from {} (serial '{}', uuid '{}') refused: {}", address,
                      agentproto::bounded_text(request.serial_number, 64), agentproto::bounded_text(request.uuid, 64),
                      why.message());
    if (host != nullptr)
      manager_.events().warning(*host, "EnrolmentRefused", fmt::format("from {}: {}", address, why.message()));
    return base::fail(
        ErrorCode::kForbidden,
        "enrolment is refused: the join token does not open the door for this machine; ask the administrator "
        "(slipway host describe shows why)");
  };
  const auto fingerprint = pki::csr_public_key_fingerprint(request.csr_pem);
  if (!fingerprint) return base::fail(ErrorCode::kBadRequest, "csrPem: " + fingerprint.error().message());
  const auto host = find_host(request);
  if (!host) return host.error().code() == ErrorCode::kForbidden ? refused(nullptr, host.error()) : host.error();
  if (!(*host)->get({"spec", "authorized"}).bool_or(true))
    return refused(host->get(),
                   base::fail(ErrorCode::kForbidden,
                              fmt::format("the host is deauthorized; to let it back in: slipway host authorize {}",
                                          meta::name(**host))));
  if (const Status used = use_token(**host, request.token, *fingerprint); !used) {
    const bool refusal = used.error().code() == ErrorCode::kUnauthorized ||
                         used.error().code() == ErrorCode::kForbidden || used.error().code() == ErrorCode::kConflict;
    return refusal ? refused(host->get(), used.error()) : used.error();
  }
  base::crash_point("southbound.token-used");
  const ObjectKey key = meta::key_of(**host);
  const Authority by = authority();
  agentproto::EnrollResponse response{.host_name = key.name,
                                      .ns = key.ns,
                                      .certificate_pem = SLIPWAY_TRY(sign(by, key, request.csr_pem)),
                                      .ca_pem = by.trusted_pem};
  SLIPWAY_TRY(record_key(key, response.certificate_pem, *fingerprint));
  base::crash_point("southbound.enrolled");
  manager_.events().normal(**host, "Enrolled", fmt::format("from {}", address));
  return response;
}

Result<agentproto::Certificate> Enrollment::renew(const ObjectKey& host, std::string_view csr_pem,
                                                  std::string_view key_fingerprint) {
  const std::string fingerprint = SLIPWAY_TRY(pki::csr_public_key_fingerprint(csr_pem));
  if (fingerprint != key_fingerprint)
    return base::fail(ErrorCode::kForbidden, "a renewal must be for the key of the connection");
  const Authority by = authority();
  agentproto::Certificate certificate{.certificate_pem = SLIPWAY_TRY(sign(by, host, csr_pem)),
                                      .ca_pem = by.trusted_pem};
  SLIPWAY_TRY(record_key(host, certificate.certificate_pem, fingerprint));
  return certificate;
}

}  // namespace slipway::southbound
