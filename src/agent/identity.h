#pragma once

#include <filesystem>
#include <optional>

#include "agent/agent_options.h"
#include "agent/host_report.h"
#include "base/clock.h"
#include "net/websocket.h"

namespace slipway::agent {

// What lets this host in: its key, which never leaves it, and the certificate for it.
struct Identity {
  std::string host_name;
  std::string ns;
  std::string key_pem;  // secret
  std::string certificate_pem;
  std::string ca_pem;      // of the orchestrator
  std::string token_hash;  // of the join token it was got with
};

// The files of the identity below the data folder: key.pem (0600) and identity.json, which is replaced in one step.
// Not thread-safe.
class IdentityStore {
 public:
  explicit IdentityStore(std::filesystem::path folder) : folder_(std::move(folder)) {}

  // None when the host is not enrolled (or key and certificate do not belong together).
  base::Result<std::optional<Identity>> load() const;
  base::Status save(const Identity& identity) const;
  // The key: the present one, or a new one when there is none or `fresh` is asked for.
  base::Result<std::string> key(bool fresh) const;

 private:
  std::filesystem::path folder_;
};

// Gets an identity from the orchestrator for `key_pem`. The orchestrator is trusted only by the CA file or hash of the
// options. kForbidden and its kin carry the orchestrator's refusal.
base::Result<Identity> enroll(net::ClientRuntime& runtime, const AgentOptions& options, const MachineIdentity& machine,
                              const std::string& token, std::string key_pem);

// The join token of the options, newest content of its file; kNotFound says what to do.
base::Result<std::string> read_join_token(const AgentOptions& options);

// True in the last third of the certificate's life.
bool wants_renewal(const Identity& identity, base::WallTime now);

}  // namespace slipway::agent
