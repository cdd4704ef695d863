#include "daemon/certificate_authority.h"

#include <csignal>
#include <cstdlib>
#include <gmock/gmock.h>

#include "base/files.h"
#include "daemon/credentials.h"
#include "pki/kubeconfig.h"

namespace slipway::daemon {
namespace {

using std::chrono::hours;
using ::testing::HasSubstr;
using Phase = CertificateAuthority::Phase;

constexpr hours kDay{24};

struct CertificateAuthorityTest : testing::Test {
  base::TemporaryFolder folder = *base::TemporaryFolder::create("authority");
  base::ManualClock clock;
  const base::WallTime start = clock.now();

  CertificateAuthority load() {
    auto authority = load_or_create_authority(folder.path(), clock.now());
    EXPECT_TRUE(authority) << authority.error().message();
    return authority ? *authority : CertificateAuthority{};
  }
  void go_to(hours since_start) { clock.advance(start + since_start - clock.now()); }
  std::string file(const std::string& name) { return base::read_file(folder.path() / "pki" / name).value_or(""); }
};

TEST_F(CertificateAuthorityTest, IsReplacedInStepsBeforeItEnds) {
  const std::string old = load().signer.certificate_pem;
  EXPECT_EQ(load().signer.certificate_pem, old);
  go_to(kDay * 365 * 8 - kDay);
  EXPECT_EQ(load().phase(), Phase::kAlone);
  go_to(kDay * 365 * 8);
  const CertificateAuthority announced = load();
  ASSERT_EQ(announced.phase(), Phase::kAnnounced);
  EXPECT_EQ(announced.signer.certificate_pem, old) << "the successor signs nothing yet";
  const std::string young = announced.next->pair.certificate_pem;
  EXPECT_EQ(file("ca.crt"), old + young);
  go_to(kDay * 365 * 9 - kDay);
  EXPECT_EQ(load().phase(), Phase::kAnnounced);
  go_to(kDay * 365 * 9);
  const CertificateAuthority replaced = load();
  ASSERT_EQ(replaced.phase(), Phase::kReplaced);
  EXPECT_EQ(replaced.signer.certificate_pem, young);
  EXPECT_EQ(replaced.former_pem, old);
  EXPECT_TRUE(pki::is_signed_by(replaced.cross_pem, old));
  EXPECT_EQ(file("ca.crt"), young + old);
  EXPECT_EQ(file("ca.key"), replaced.signer.key_pem);
  EXPECT_EQ(file("next-ca.pem"), "");
  go_to(kDay * 365 * 10 - kDay);
  EXPECT_EQ(load().phase(), Phase::kReplaced);
  go_to(kDay * 365 * 10 + kDay);
  const CertificateAuthority alone = load();
  EXPECT_EQ(alone.phase(), Phase::kAlone);
  EXPECT_EQ(alone.trusted_pem(), young);
  EXPECT_EQ(alone.chain_pem(), young);
  EXPECT_EQ(file("ca.crt"), young);
  EXPECT_EQ(file("ca-cross.crt"), "");
}

TEST_F(CertificateAuthorityTest, AfterALongTimeWithoutSlipwaydTheOverlapIsKeptWhereItCanBe) {
  struct Row {
    int days_at_start;
    Phase at_start;
    int days_later;
    Phase later;
  };
  const int year = 365;
  for (const Row& row :
       {Row{9 * year + 100, Phase::kAnnounced, 29, Phase::kAnnounced},
        Row{9 * year + 100, Phase::kAnnounced, 31, Phase::kReplaced},
        Row{10 * year - 10, Phase::kReplaced, 0, Phase::kReplaced},
        Row{10 * year - 10, Phase::kReplaced, 20, Phase::kAlone}, Row{12 * year, Phase::kAlone, 0, Phase::kAlone}}) {
    SCOPED_TRACE(row.days_at_start);
    const base::TemporaryFolder other = *base::TemporaryFolder::create("authority");
    const auto old = load_or_create_authority(other.path(), start);
    const auto later = start + kDay * row.days_at_start;
    const auto found = load_or_create_authority(other.path(), later);
    ASSERT_TRUE(found);
    EXPECT_EQ(found->phase(), row.at_start);
    const auto then = load_or_create_authority(other.path(), later + kDay * row.days_later);
    ASSERT_TRUE(then);
    EXPECT_EQ(then->phase(), row.later);
    EXPECT_GT(pki::read_certificate(then->signer.certificate_pem)->not_after, later + kDay * row.days_later);
  }
}

TEST_F(CertificateAuthorityTest, ServingCertificateAndKubeconfigFollowTheSigner) {
  const auto credentials = [&] {
    auto made = load_or_create_credentials(folder.path(), {"localhost"}, clock.now());
    EXPECT_TRUE(made) << made.error().message();
    EXPECT_TRUE(write_admin_kubeconfig(folder.path(), *made, "https://a:1", clock.now()));
    return *made;
  };
  const auto admin = [&] { return *pki::parse_kubeconfig(*base::read_file(folder.path() / "admin.kubeconfig")); };
  const Credentials first = credentials();
  const std::string old = first.authority.signer.certificate_pem;
  EXPECT_EQ(admin().ca_pem, old);
  ASSERT_TRUE(announce_successor(folder.path(), clock.now()));
  const Credentials announced = credentials();
  EXPECT_EQ(announced.serving.certificate_pem, first.serving.certificate_pem) << "nothing to make anew yet";
  EXPECT_EQ(admin().ca_pem, announced.authority.trusted_pem());
  EXPECT_TRUE(pki::is_signed_by(admin().client_certificate_pem, old));
  ASSERT_TRUE(replace_authority(folder.path(), clock.now()));
  const Credentials replaced = credentials();
  const std::string young = replaced.authority.signer.certificate_pem;
  EXPECT_TRUE(pki::is_signed_by(replaced.serving.certificate_pem, young));
  EXPECT_TRUE(pki::is_signed_by(admin().client_certificate_pem, young));
  EXPECT_EQ(admin().ca_pem, young + old);
  ASSERT_TRUE(forget_former_authority(folder.path(), clock.now()));
  EXPECT_EQ(credentials().serving.certificate_pem, replaced.serving.certificate_pem);
  EXPECT_EQ(admin().ca_pem, young);
}

TEST_F(CertificateAuthorityTest, CommandsKeepTheOrder) {
  EXPECT_EQ(announce_successor(folder.path(), clock.now()).error().code(), base::ErrorCode::kNotFound);
  EXPECT_FALSE(std::filesystem::exists(folder.path() / "pki")) << "a command makes no authority";
  load();
  EXPECT_THAT(replace_authority(folder.path(), clock.now()).error().message(), HasSubstr("announce a new one first"));
  EXPECT_THAT(forget_former_authority(folder.path(), clock.now()).error().message(), HasSubstr("no former one"));
  ASSERT_TRUE(announce_successor(folder.path(), clock.now()));
  EXPECT_FALSE(announce_successor(folder.path(), clock.now()));
  EXPECT_FALSE(forget_former_authority(folder.path(), clock.now()));
  ASSERT_TRUE(replace_authority(folder.path(), clock.now()));
  EXPECT_FALSE(replace_authority(folder.path(), clock.now()));
  EXPECT_THAT(announce_successor(folder.path(), clock.now()).error().message(), HasSubstr("is replaced"));
  ASSERT_TRUE(forget_former_authority(folder.path(), clock.now()));
  EXPECT_EQ(read_authority(folder.path(), clock.now())->phase(), Phase::kAlone);
}

TEST_F(CertificateAuthorityTest, WhatCannotBeReadIsNamedAndNeverMadeAnew) {
  const std::string old = load().signer.certificate_pem;
  ASSERT_TRUE(announce_successor(folder.path(), clock.now()));
  const auto other = pki::create_ca({"other", {}}, pki::KeyType::kEcP256, kDay, clock.now());
  for (const auto& [name, text] : std::vector<std::pair<std::string, std::string>>{
           {"next-ca.pem", "garbage"}, {"next-ca.pem", old + old}, {"ca.crt", "garbage"}, {"ca.key", other->key_pem}}) {
    SCOPED_TRACE(name);
    const std::string good = file(name);
    ASSERT_TRUE(base::write_file_atomically(folder.path() / "pki" / name, text, 0600));
    const auto refused = load_or_create_authority(folder.path(), clock.now());
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message(), HasSubstr(name == "ca.key" ? "ca.crt" : name));
    EXPECT_THAT(refused.error().message(), HasSubstr("restore pki/ca.key and pki/ca.crt from a backup"));
    EXPECT_EQ(file(name), text);
    ASSERT_TRUE(base::write_file_atomically(folder.path() / "pki" / name, good, 0600));
  }
  EXPECT_EQ(load().phase(), Phase::kAnnounced);
  EXPECT_EQ(load().signer.certificate_pem, old);
}

#if SLIPWAY_CRASH_POINTS
TEST_F(CertificateAuthorityTest, KilledAnywhereTheNextLoadGoesOn) {
  using Step = base::Result<CertificateAuthority> (*)(const std::filesystem::path&, base::WallTime);
  struct Row {
    std::string point;
    Step step;
    Phase after;  // what the next load finds
  };
  const std::vector<Row> rows{{"ca.successor-made", announce_successor, Phase::kAnnounced},
                              {"ca.successor-trusted", announce_successor, Phase::kAnnounced},
                              {"ca.key-replaced", replace_authority, Phase::kReplaced},
                              {"ca.certificate-replaced", replace_authority, Phase::kReplaced},
                              {"ca.former-forgotten", forget_former_authority, Phase::kAlone}};
  for (const Row& row : rows) {
    SCOPED_TRACE(row.point);
    const base::TemporaryFolder other = *base::TemporaryFolder::create("authority");
    const std::string old = load_or_create_authority(other.path(), start)->signer.certificate_pem;
    std::string young;
    if (row.step != announce_successor) young = announce_successor(other.path(), start)->next->pair.certificate_pem;
    if (row.step == forget_former_authority) {
      ASSERT_TRUE(replace_authority(other.path(), start));
    }
    EXPECT_EXIT(
        {
          ::setenv("SLIPWAY_CRASH_POINT", row.point.c_str(), 1);
          (void)row.step(other.path(), start);
        },
        testing::KilledBySignal(SIGKILL), "");
    const auto found = load_or_create_authority(other.path(), start);
    ASSERT_TRUE(found) << found.error().message();
    EXPECT_EQ(found->phase(), row.after);
    if (young.empty()) young = found->next->pair.certificate_pem;
    EXPECT_EQ(found->trusted_pem(), row.after == Phase::kAnnounced  ? old + young
                                    : row.after == Phase::kReplaced ? young + old
                                                                    : young);
    EXPECT_TRUE(pki::check_pair(found->signer));
    const std::string text = *base::read_file(other.path() / "pki" / "ca.crt");
    EXPECT_EQ(text, found->trusted_pem());
    EXPECT_EQ(std::filesystem::exists(other.path() / "pki" / "next-ca.pem"), row.after == Phase::kAnnounced);
    // And the way goes on to its end.
    if (row.after == Phase::kAnnounced) {
      ASSERT_TRUE(replace_authority(other.path(), start));
    }
    if (row.after != Phase::kAlone) {
      ASSERT_TRUE(forget_former_authority(other.path(), start));
    }
    EXPECT_EQ(load_or_create_authority(other.path(), start)->trusted_pem(), young);
  }
}
#endif

}  // namespace
}  // namespace slipway::daemon
