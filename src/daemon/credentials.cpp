#include "daemon/credentials.h"

#include <algorithm>
#include <arpa/inet.h>
#include <fmt/core.h>

#include "base/files.h"
#include "pki/kubeconfig.h"

namespace slipway::daemon {

namespace fs = std::filesystem;
using base::ErrorCode;
using base::Result;
using base::Status;
using std::chrono::hours;

namespace {

constexpr hours kServingLifetime{24 * 365};
constexpr hours kRenewBefore{24 * 30};

Status write_pair(const fs::path& folder, const std::string& name, const pki::KeyAndCertificate& pair) {
  SLIPWAY_TRY(base::write_file_atomically(folder / (name + ".key"), pair.key_pem, 0600));
  return base::write_file_atomically(folder / (name + ".crt"), pair.certificate_pem, 0644);
}

Result<pki::KeyAndCertificate> read_pair(const fs::path& folder, const std::string& name) {
  pki::KeyAndCertificate pair;
  pair.key_pem = SLIPWAY_TRY(base::read_file(folder / (name + ".key")));
  pair.certificate_pem = SLIPWAY_TRY(base::read_file(folder / (name + ".crt")));
  SLIPWAY_TRY(pki::check_pair(pair).with_context((folder / (name + ".crt")).string()));
  return pair;
}

bool is_address(const std::string& name) {
  in6_addr buffer;
  return ::inet_pton(AF_INET, name.c_str(), &buffer) == 1 || ::inet_pton(AF_INET6, name.c_str(), &buffer) == 1;
}

bool still_fits(const std::string& certificate_pem, const CertificateAuthority& authority,
                const std::vector<std::string>& names, base::WallTime now) {
  const auto info = pki::read_certificate(certificate_pem);
  if (!info || info->not_after - now < kRenewBefore) return false;
  if (!pki::is_signed_by(certificate_pem, authority.signer.certificate_pem)) return false;
  return std::ranges::all_of(names, [&](const std::string& name) {
    const auto& listed = is_address(name) ? info->ip_addresses : info->dns_names;
    return std::ranges::find(listed, name) != listed.end();
  });
}

}  // namespace

Result<pki::KeyAndCertificate> serving_certificate(const CertificateAuthority& authority,
                                                   const pki::KeyAndCertificate& present,
                                                   const std::vector<std::string>& names, base::WallTime now) {
  if (pki::check_pair(present) && still_fits(present.certificate_pem, authority, names, now)) return present;
  pki::CertificateRequest request{
      .subject = {"slipwayd", {}}, .usage = pki::Usage::kServer, .lifetime = kServingLifetime};
  for (const std::string& name : names) (is_address(name) ? request.ip_addresses : request.dns_names).push_back(name);
  return pki::issue(authority.signer, request, pki::KeyType::kEcP256, now);
}

Result<Credentials> load_or_create_credentials(const fs::path& data_folder, const std::vector<std::string>& names,
                                               base::WallTime now) {
  const fs::path folder = data_folder / "pki";
  Credentials credentials{.authority = SLIPWAY_TRY(load_or_create_authority(data_folder, now)), .serving = {}};
  const auto present = read_pair(folder, "serving").value_or(pki::KeyAndCertificate());
  credentials.serving = SLIPWAY_TRY(serving_certificate(credentials.authority, present, names, now));
  if (credentials.serving.certificate_pem != present.certificate_pem)
    SLIPWAY_TRY(write_pair(folder, "serving", credentials.serving));
  return credentials;
}

Result<pki::SigningKey> load_or_create_token_key(const fs::path& data_folder) {
  const fs::path path = data_folder / "pki" / "service-account.key";
  auto text = base::read_file(path);
  if (!text && text.error().code() == ErrorCode::kNotFound) {
    text = SLIPWAY_TRY(pki::generate_key(pki::KeyType::kEcP256));
    SLIPWAY_TRY(base::write_file_atomically(path, *text, 0600));
  }
  if (!text) return std::move(text.error());
  return pki::SigningKey::of_pem(*text).with_context(path.string());
}

Status write_admin_kubeconfig(const fs::path& data_folder, const Credentials& credentials, const std::string& server,
                              base::WallTime now) {
  const fs::path path = data_folder / "admin.kubeconfig";
  const CertificateAuthority& authority = credentials.authority;
  if (auto text = base::read_file(path)) {
    const auto present = pki::parse_kubeconfig(*text);
    if (present && present->server == server && present->ca_pem == authority.trusted_pem() &&
        still_fits(present->client_certificate_pem, authority, {}, now))
      return {};
  }
  const pki::KeyAndCertificate admin = SLIPWAY_TRY(pki::issue(
      authority.signer,
      {.subject = {"slipway-admin", {"system:masters"}}, .usage = pki::Usage::kClient, .lifetime = kServingLifetime},
      pki::KeyType::kEcP256, now));
  return base::write_file_atomically(path,
                                     pki::render_kubeconfig({.server = server,
                                                             .ca_pem = authority.trusted_pem(),
                                                             .client_certificate_pem = admin.certificate_pem,
                                                             .client_key_pem = admin.key_pem,
                                                             .ns = "default"}),
                                     0600);
}

}  // namespace slipway::daemon
