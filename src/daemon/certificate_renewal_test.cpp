#include "daemon/certificate_renewal.h"

#include <gtest/gtest.h>

#include "base/files.h"
#include "pki/kubeconfig.h"

namespace slipway::daemon {
namespace {

using std::chrono::hours;

// A door that remembers with what it was told to serve.
class Door final : public net::HttpServer {
 public:
  std::uint16_t port() const override { return 0; }
  base::Status reload_tls(const net::TlsServerOptions& tls) override {
    const std::lock_guard lock(mutex);
    loaded.push_back(tls);
    changed.notify_all();
    return {};
  }
  void stop(std::chrono::milliseconds) override {}
  bool wait_loaded(std::size_t times) {
    std::unique_lock lock(mutex);
    return changed.wait_for(lock, std::chrono::seconds(20), [&] { return loaded.size() >= times; });
  }

  std::mutex mutex;
  std::condition_variable changed;
  std::vector<net::TlsServerOptions> loaded;
};

// What slipwayd with a data folder of its own does.
auto renewing(const std::filesystem::path& folder, const std::vector<std::string>& names, const std::string& server) {
  return [=](base::WallTime now) -> base::Result<Credentials> {
    Credentials credentials = SLIPWAY_TRY(load_or_create_credentials(folder, names, now));
    SLIPWAY_TRY(write_admin_kubeconfig(folder, credentials, server, now));
    return credentials;
  };
}

TEST(CertificateRenewal, NewOnesComeBeforeTheOldOnesEnd) {
  const auto folder = base::TemporaryFolder::create();
  base::ManualClock clock;
  const std::vector<std::string> names{"localhost", "127.0.0.1"};
  const std::string server = "https://127.0.0.1:1";
  const auto first = load_or_create_credentials(folder->path(), names, clock.now());
  ASSERT_TRUE(first);
  ASSERT_TRUE(write_admin_kubeconfig(folder->path(), *first, server, clock.now()));
  const std::string old_admin = *base::read_file(folder->path() / "admin.kubeconfig");
  Door door;
  {
    CertificateRenewal renewal({.renew = renewing(folder->path(), names, server), .doors = {&door}, .clock = &clock},
                               *first);
    // More than 30 days are left: nothing happens, however often it looks.
    clock.advance(hours(24 * 300));
    clock.advance(hours(24 * 36));
    ASSERT_TRUE(door.wait_loaded(1));
  }  // its pass has ended
  EXPECT_EQ(door.loaded.size(), 1u);
  const auto old_info = pki::read_certificate(first->serving.certificate_pem);
  const auto new_info = pki::read_certificate(door.loaded[0].certificate_pem);
  ASSERT_TRUE(new_info);
  EXPECT_GT(new_info->not_after, old_info->not_after + hours(24 * 300));
  EXPECT_EQ(new_info->dns_names, old_info->dns_names);
  EXPECT_EQ(door.loaded[0].client_ca_pem, first->authority.signer.certificate_pem);
  const std::string new_admin = *base::read_file(folder->path() / "admin.kubeconfig");
  EXPECT_NE(new_admin, old_admin);
  const auto admin = pki::parse_kubeconfig(new_admin);
  ASSERT_TRUE(admin);
  EXPECT_GT(pki::read_certificate(admin->client_certificate_pem)->not_after, clock.now() + hours(24 * 300));
}

TEST(CertificateRenewal, TheAuthorityIsReplacedWhileTheServerRuns) {
  const auto folder = base::TemporaryFolder::create();
  base::ManualClock clock;
  const std::vector<std::string> names{"localhost"};
  const std::string server = "https://127.0.0.1:1";
  const auto first = load_or_create_credentials(folder->path(), names, clock.now());
  ASSERT_TRUE(first);
  const std::string old = first->authority.signer.certificate_pem;
  const auto admin = [&] { return *pki::parse_kubeconfig(*base::read_file(folder->path() / "admin.kubeconfig")); };
  Door door;
  std::vector<CertificateAuthority::Phase> told;
  {
    CertificateRenewal renewal(
        {.renew = renewing(folder->path(), names, server),
         .doors = {&door},
         .authority_changed = [&](const CertificateAuthority& authority) { told.push_back(authority.phase()); },
         .clock = &clock},
        *first);
    const auto by_command = announce_successor(folder->path(), clock.now());
    ASSERT_TRUE(by_command);
    const std::string young = by_command->next->pair.certificate_pem;
    clock.advance(std::chrono::minutes(1));
    ASSERT_TRUE(door.wait_loaded(1));
    EXPECT_EQ(door.loaded[0].client_ca_pem, old + young);
    EXPECT_EQ(door.loaded[0].certificate_pem, first->serving.certificate_pem + old);
    clock.advance(hours(24 * 364));  // renewals by the old one go on
    ASSERT_TRUE(door.wait_loaded(2));
    EXPECT_TRUE(pki::is_signed_by(door.loaded[1].certificate_pem, old));
    clock.advance(hours(24 * 2));
    ASSERT_TRUE(door.wait_loaded(3));
    EXPECT_EQ(door.loaded[2].client_ca_pem, young + old);
    EXPECT_TRUE(pki::is_signed_by(door.loaded[2].certificate_pem, young));
    EXPECT_NE(door.loaded[2].certificate_pem.find(by_command->next->cross_pem), std::string::npos);
  }
  EXPECT_EQ(told, (std::vector{CertificateAuthority::Phase::kAnnounced, CertificateAuthority::Phase::kReplaced}));
  const std::string young = read_authority(folder->path(), clock.now())->signer.certificate_pem;
  EXPECT_EQ(admin().ca_pem, young + old);
  EXPECT_TRUE(pki::is_signed_by(admin().client_certificate_pem, young));
}

}  // namespace
}  // namespace slipway::daemon
