#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "pki/certificate.h"

namespace slipway::daemon {

// The certificate authority of the orchestrator, and its replacement by a successor:
//
//   alone      one authority signs and is trusted
//   announced  a successor is trusted beside it (ca.crt, admin.kubeconfig, agents), and signs nothing yet
//   replaced   the successor signs; the former one stays trusted, and has certified the successor, so that whoever
//              still knows the former one only verifies what the successor signs
//   alone      the former one is forgotten once it has ended
//
// The files in <data folder>/pki are the state: ca.key; ca.crt with the signer first and the other trusted one behind;
// next-ca.pem (key, certificate and its certification by the signer) while announced; ca-cross.crt (that certification)
// while replaced. Every step is a few single-file writes, and whatever was interrupted is completed by the next load.
struct CertificateAuthority {
  enum class Phase { kAlone, kAnnounced, kReplaced };
  struct Successor {
    pki::KeyAndCertificate pair;
    std::string cross_pem;
  };

  pki::KeyAndCertificate signer;
  std::optional<Successor> next;  // announced
  std::string former_pem;         // replaced
  std::string cross_pem;          // replaced

  Phase phase() const;
  // What clients, agents and doors trust, the signer first.
  std::string trusted_pem() const;
  // What a door sends along with its certificate: the way to the former authority, and the authorities themselves for
  // agents that know one by its hash only.
  std::string chain_pem() const;
};
std::string_view phase_text(CertificateAuthority::Phase phase);

// When the next step is taken by itself: a successor is announced after 80 % of the signer's life; it signs a year
// later, or a year before the signer ends when that is earlier, but at least 30 days later unless the signer ends
// within 30 days; the former authority is forgotten when it ends.
base::Result<base::WallTime> next_step_time(const CertificateAuthority& authority);

// A new one, for ten years; nothing is stored.
base::Result<pki::KeyAndCertificate> make_authority(base::WallTime now);

// Reads the authority, made when there is none, completes what was interrupted and takes the steps that are due. A
// broken one is an error that says which file, never a reason for a new one: every agent trusts the old one. One
// process at a time: waits up to 10 s for another one.
base::Result<CertificateAuthority> load_or_create_authority(const std::filesystem::path& data_folder,
                                                            base::WallTime now);

// What is there; only what was interrupted is completed. kNotFound when there is none.
base::Result<CertificateAuthority> read_authority(const std::filesystem::path& data_folder, base::WallTime now);

// One step at once, by an administrator's command; kInvalid says what comes before it. Safe beside a running slipwayd,
// which takes it up within a minute.
base::Result<CertificateAuthority> announce_successor(const std::filesystem::path& data_folder, base::WallTime now);
base::Result<CertificateAuthority> replace_authority(const std::filesystem::path& data_folder, base::WallTime now);
base::Result<CertificateAuthority> forget_former_authority(const std::filesystem::path& data_folder,
                                                           base::WallTime now);

}  // namespace slipway::daemon
