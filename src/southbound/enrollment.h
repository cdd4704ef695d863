#pragma once

#include <deque>
#include <map>
#include <mutex>
#include <string>

#include "agentproto/messages.h"
#include "control/manager.h"
#include "pki/certificate.h"

namespace slipway::southbound {

inline constexpr std::string_view kHostsOrganization = "slipway:hosts";
inline constexpr std::chrono::hours kHostCertificateLifetime{24 * 90};

// "host:<namespace>:<name>", the common name of an agent's certificate, and back.
std::string host_common_name(const meta::ObjectKey& host);
std::optional<meta::ObjectKey> parse_host_common_name(std::string_view common_name);

// How many refused calls one address may make in a minute before it is told to wait. Bounded memory. Thread-safe.
class FailureLimiter {
 public:
  explicit FailureLimiter(base::Clock& clock, std::size_t limit = 20) : clock_(clock), limit_(limit) {}
  bool allows(const std::string& address);
  void count_failure(const std::string& address);

 private:
  base::Clock& clock_;
  std::size_t limit_;
  std::mutex mutex_;
  std::map<std::string, std::deque<std::chrono::nanoseconds>> failures_;
};

// Lets a registered machine in: join token and serial number or UUID against a client certificate for the key of its
// CSR. Thread-safe.
class Enrollment {
 public:
  // Who signs, and whom agents shall trust (PEM, the signer first).
  struct Authority {
    pki::KeyAndCertificate signer;
    std::string trusted_pem;
  };
  Enrollment(control::Manager& manager, Authority authority) : manager_(manager), authority_(std::move(authority)) {}
  // From now on.
  void use(Authority authority);

  // kForbidden with one and the same plain message for every reason the caller must not learn; the reason goes to the
  // log and, when the host is known, to an Event on it.
  base::Result<agentproto::EnrollResponse> enroll(const agentproto::EnrollRequest& request, const std::string& address);

  // A certificate for the key of `csr_pem`, which must be the key of the connection.
  base::Result<agentproto::Certificate> renew(const meta::ObjectKey& host, std::string_view csr_pem,
                                              std::string_view key_fingerprint);

 private:
  base::Result<meta::ObjectPtr> find_host(const agentproto::EnrollRequest& request);
  base::Status use_token(const data::Json& host, const std::string& token, const std::string& key_fingerprint);
  base::Status record_key(const meta::ObjectKey& host, const std::string& certificate_pem,
                          const std::string& key_fingerprint);
  base::Result<std::string> sign(const Authority& authority, const meta::ObjectKey& host, std::string_view csr_pem);

  Authority authority() const;

  control::Manager& manager_;
  mutable std::mutex mutex_;
  Authority authority_;
};

}  // namespace slipway::southbound
