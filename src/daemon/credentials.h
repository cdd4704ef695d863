#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "daemon/certificate_authority.h"
#include "pki/certificate.h"
#include "pki/public_key.h"

namespace slipway::daemon {

// The orchestrator's own keys, in <data-dir>/pki (0700; keys 0600). The authority signs the serving certificate, the
// administrator's certificate and the agents' client certificates.
struct Credentials {
  CertificateAuthority authority;
  pki::KeyAndCertificate serving;
};

// The serving certificate: `present`, or a new one when that lacks one of `names` (DNS names or IP addresses), is about
// to expire, or was not signed by the present authority.
base::Result<pki::KeyAndCertificate> serving_certificate(const CertificateAuthority& authority,
                                                         const pki::KeyAndCertificate& present,
                                                         const std::vector<std::string>& names, base::WallTime now);

// Reads what is there in the data folder and makes what is missing.
base::Result<Credentials> load_or_create_credentials(const std::filesystem::path& data_folder,
                                                     const std::vector<std::string>& names, base::WallTime now);

// The key that signs tokens of ServiceAccounts, <data-dir>/pki/service-account.key (0600); made when there is none. A
// broken one is an error: tokens signed by it would end unnoticed.
base::Result<pki::SigningKey> load_or_create_token_key(const std::filesystem::path& data_folder);

// Writes <data-dir>/admin.kubeconfig (0600) with a system:masters certificate for `server`, unless the present one
// still fits.
base::Status write_admin_kubeconfig(const std::filesystem::path& data_folder, const Credentials& credentials,
                                    const std::string& server, base::WallTime now);

}  // namespace slipway::daemon
