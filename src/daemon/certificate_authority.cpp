#include "daemon/certificate_authority.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <fmt/core.h>
#include <sys/file.h>
#include <thread>

#include "base/crash_point.h"
#include "base/files.h"
#include "base/log.h"
#include "base/unique_fd.h"

namespace slipway::daemon {

namespace fs = std::filesystem;
using base::ErrorCode;
using base::fail;
using base::Result;
using base::Status;
using base::WallTime;
using std::chrono::hours;
using Phase = CertificateAuthority::Phase;

namespace {

constexpr hours kDay{24};
constexpr hours kYear = kDay * 365;
constexpr hours kLifetime = kYear * 10;
constexpr hours kLeastOverlap = kDay * 30;
constexpr int kPathLength = 1;  // room for the certification of the successor: Go counts it

// One process changes the files at a time.
Result<base::UniqueFd> lock_folder(const fs::path& folder) {
  const fs::path path = folder / "lock";
  base::UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!fd.valid()) return base::errno_error(errno, path.string());
  for (int tries = 0; ::flock(fd.get(), LOCK_EX | LOCK_NB) != 0; ++tries) {
    if (errno != EWOULDBLOCK && errno != EINTR) return base::errno_error(errno, path.string());
    if (tries >= 1'000)
      return fail(ErrorCode::kUnavailable, fmt::format("{} is held by another process; try again", path.string()));
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return fd;
}

// The files of one authority. REQUIRES for all writes: the folder is locked.
class Files {
 public:
  explicit Files(fs::path folder) : folder_(std::move(folder)) {}

  Result<CertificateAuthority> load(WallTime now) const {
    if (!fs::exists(certificate_file()) && !fs::exists(next_file())) return create(now);
    auto loaded = read();
    if (loaded) return loaded;
    return std::move(loaded).with_context(
        "the certificate authority cannot be read; restore pki/ca.key and pki/ca.crt from a backup");
  }

  Result<CertificateAuthority> announce(CertificateAuthority authority, WallTime now) const {
    const auto subject = SLIPWAY_TRY(pki::read_certificate(authority.signer.certificate_pem)).subject;
    // Of the same name: the certification by an authority that allows none below it is then still valid for OpenSSL.
    CertificateAuthority::Successor next{
        .pair = SLIPWAY_TRY(pki::create_ca(subject, pki::KeyType::kEcP256, kLifetime, now, kPathLength)),
        .cross_pem = {}};
    next.cross_pem = SLIPWAY_TRY(pki::cross_sign(authority.signer, next.pair.certificate_pem, now));
    SLIPWAY_TRY(
        base::write_file_atomically(next_file(), next.pair.key_pem + next.pair.certificate_pem + next.cross_pem, 0600));
    base::crash_point("ca.successor-made");
    authority.next = std::move(next);
    SLIPWAY_TRY(write_trusted(authority));
    base::crash_point("ca.successor-trusted");
    base::log_info("slipwayd", "a new certificate authority is trusted beside the present one");
    return authority;
  }

  Result<CertificateAuthority> replace(CertificateAuthority authority) const {
    CertificateAuthority replaced{.signer = authority.next->pair,
                                  .next = {},
                                  .former_pem = authority.signer.certificate_pem,
                                  .cross_pem = authority.next->cross_pem};
    SLIPWAY_TRY(base::write_file_atomically(cross_file(), replaced.cross_pem, 0644));
    // From here on there is no way back: the former key is gone, and the rest is completed by the next load.
    SLIPWAY_TRY(base::write_file_atomically(key_file(), replaced.signer.key_pem, 0600));
    base::crash_point("ca.key-replaced");
    SLIPWAY_TRY(write_trusted(replaced));
    base::crash_point("ca.certificate-replaced");
    SLIPWAY_TRY(base::remove_tree(next_file()));
    base::log_info("slipwayd", "the new certificate authority signs from now on; the former one is still trusted");
    return replaced;
  }

  Result<CertificateAuthority> forget(CertificateAuthority authority) const {
    authority.former_pem.clear();
    authority.cross_pem.clear();
    SLIPWAY_TRY(write_trusted(authority));
    base::crash_point("ca.former-forgotten");
    SLIPWAY_TRY(base::remove_tree(cross_file()));
    base::log_info("slipwayd", "the former certificate authority is not trusted any more");
    return authority;
  }

 private:
  fs::path key_file() const { return folder_ / "ca.key"; }
  fs::path certificate_file() const { return folder_ / "ca.crt"; }
  fs::path next_file() const { return folder_ / "next-ca.pem"; }
  fs::path cross_file() const { return folder_ / "ca-cross.crt"; }

  Status write_trusted(const CertificateAuthority& authority) const {
    return base::write_file_atomically(certificate_file(), authority.trusted_pem(), 0644);
  }

  // A crash between the two writes leaves a key without certificate: nothing trusts it yet.
  Result<CertificateAuthority> create(WallTime now) const {
    CertificateAuthority made;
    made.signer = SLIPWAY_TRY(make_authority(now));
    SLIPWAY_TRY(base::write_file_atomically(key_file(), made.signer.key_pem, 0600));
    SLIPWAY_TRY(write_trusted(made));
    return made;
  }

  Result<std::optional<CertificateAuthority::Successor>> read_next() const {
    const auto text = base::read_file(next_file(), 1u << 20);
    if (!text && text.error().code() == ErrorCode::kNotFound) return std::optional<CertificateAuthority::Successor>();
    if (!text) return text.error();
    const auto certificates = SLIPWAY_TRY(pki::split_certificates(*text).with_context(next_file().string()));
    if (certificates.size() != 2)
      return fail(ErrorCode::kInvalid, fmt::format("{} must hold two certificates", next_file().string()));
    CertificateAuthority::Successor next{.pair = {.certificate_pem = certificates[0], .key_pem = key_part(*text)},
                                         .cross_pem = certificates[1]};
    SLIPWAY_TRY(pki::check_pair(next.pair).with_context(next_file().string()));
    return std::optional(std::move(next));
  }

  static std::string key_part(const std::string& text) { return text.substr(0, text.find("-----BEGIN CERTIFICATE")); }

  Result<CertificateAuthority> read() const {
    CertificateAuthority found;
    found.signer.key_pem = SLIPWAY_TRY(base::read_file(key_file(), 1u << 20));
    const std::string text = SLIPWAY_TRY(base::read_file(certificate_file(), 1u << 20));
    std::vector<std::string> trusted =
        SLIPWAY_TRY(pki::split_certificates(text).with_context(certificate_file().string()));
    found.next = SLIPWAY_TRY(read_next());
    found.signer.certificate_pem = trusted.front();
    const Status fits = pki::check_pair(found.signer);
    const bool is_cut_off = !fits && found.next && found.next->pair.key_pem == found.signer.key_pem;
    if (!fits && !is_cut_off) return Status(fits).with_context(certificate_file().string()).error();
    // A replacement that was interrupted after the key, or before the successor's own file was removed.
    if (is_cut_off) return replace(found);
    if (found.next && found.next->pair.certificate_pem == found.signer.certificate_pem) {
      found.next.reset();
      SLIPWAY_TRY(base::remove_tree(next_file()));
    }
    if (found.next) {
      if (text != found.trusted_pem()) SLIPWAY_TRY(write_trusted(found));
    } else if (trusted.size() > 1) {
      SLIPWAY_TRY(read_former(found, trusted[1]));
    }
    return found;
  }

  Status read_former(CertificateAuthority& found, const std::string& former_pem) const {
    found.former_pem = former_pem;
    found.cross_pem = SLIPWAY_TRY(base::read_file(cross_file(), 1u << 20));
    if (!pki::is_signed_by(found.cross_pem, former_pem))
      return Status(ErrorCode::kInvalid, fmt::format("{} was not signed by the second certificate of {}",
                                                     cross_file().string(), certificate_file().string()));
    return {};
  }

  const fs::path folder_;
};

Result<CertificateAuthority> advance(const Files& files, CertificateAuthority authority, WallTime now) {
  // At most one round: after a long time without slipwayd several steps may be due.
  for (int step = 0; step < 3; ++step) {
    if (now < SLIPWAY_TRY(next_step_time(authority))) return authority;
    switch (authority.phase()) {
      case Phase::kAlone:
        authority = SLIPWAY_TRY(files.announce(std::move(authority), now));
        break;
      case Phase::kAnnounced:
        authority = SLIPWAY_TRY(files.replace(std::move(authority)));
        break;
      case Phase::kReplaced:
        authority = SLIPWAY_TRY(files.forget(std::move(authority)));
        break;
    }
  }
  return authority;
}

// Takes a step with the folder locked, on an authority that is there.
template <typename Step>
Result<CertificateAuthority> with_authority(const fs::path& data_folder, WallTime now, Step step) {
  const fs::path folder = data_folder / "pki";
  if (!fs::exists(folder / "ca.crt"))
    return fail(
        ErrorCode::kNotFound,
        fmt::format("{} holds no certificate authority; slipwayd makes it at its first start", folder.string()));
  const base::UniqueFd lock = SLIPWAY_TRY(lock_folder(folder));
  const Files files(folder);
  return step(files, SLIPWAY_TRY(files.load(now)));
}

Status check_phase(const CertificateAuthority& authority, Phase wanted, std::string_view what_first) {
  if (authority.phase() == wanted) return {};
  return Status(ErrorCode::kInvalid,
                fmt::format("the certificate authority is {}: {}", phase_text(authority.phase()), what_first));
}

}  // namespace

Phase CertificateAuthority::phase() const {
  if (next) return Phase::kAnnounced;
  return former_pem.empty() ? Phase::kAlone : Phase::kReplaced;
}

std::string CertificateAuthority::trusted_pem() const {
  return signer.certificate_pem + (next ? next->pair.certificate_pem : former_pem);
}

std::string CertificateAuthority::chain_pem() const {
  // The certification first: OpenSSL takes the first issuer that fits.
  return cross_pem + signer.certificate_pem + former_pem;
}

std::string_view phase_text(Phase phase) {
  switch (phase) {
    case Phase::kAlone:
      return "alone";
    case Phase::kAnnounced:
      return "announced";
    case Phase::kReplaced:
      return "replaced";
  }
  return "";
}

Result<WallTime> next_step_time(const CertificateAuthority& authority) {
  const auto signer = SLIPWAY_TRY(pki::read_certificate(authority.signer.certificate_pem));
  if (authority.phase() == Phase::kAlone) return signer.not_before + (signer.not_after - signer.not_before) / 5 * 4;
  if (authority.phase() == Phase::kReplaced) return SLIPWAY_TRY(pki::read_certificate(authority.former_pem)).not_after;
  const auto next = SLIPWAY_TRY(pki::read_certificate(authority.next->pair.certificate_pem));
  const auto wanted =
      std::max(next.not_before + kLeastOverlap, std::min(next.not_before + kYear, signer.not_after - kYear));
  return std::min(wanted, signer.not_after - kLeastOverlap);
}

Result<pki::KeyAndCertificate> make_authority(WallTime now) {
  return pki::create_ca({"slipway-ca", {}}, pki::KeyType::kEcP256, kLifetime, now, kPathLength);
}

Result<CertificateAuthority> load_or_create_authority(const fs::path& data_folder, WallTime now) {
  const fs::path folder = data_folder / "pki";
  SLIPWAY_TRY(base::make_folders(folder, 0700));
  const base::UniqueFd lock = SLIPWAY_TRY(lock_folder(folder));
  const Files files(folder);
  return advance(files, SLIPWAY_TRY(files.load(now)), now);
}

Result<CertificateAuthority> read_authority(const fs::path& data_folder, WallTime now) {
  return with_authority(data_folder, now, [](const Files&, CertificateAuthority authority) {
    return Result<CertificateAuthority>(std::move(authority));
  });
}

Result<CertificateAuthority> announce_successor(const fs::path& data_folder, WallTime now) {
  return with_authority(data_folder, now, [now](const Files& files, CertificateAuthority authority) {
    const Status fits = check_phase(authority, Phase::kAlone, "a new one is announced when it is alone again");
    return fits ? files.announce(std::move(authority), now) : Result<CertificateAuthority>(fits.error());
  });
}

Result<CertificateAuthority> replace_authority(const fs::path& data_folder, WallTime now) {
  return with_authority(data_folder, now, [](const Files& files, CertificateAuthority authority) {
    const Status fits = check_phase(authority, Phase::kAnnounced, "announce a new one first");
    return fits ? files.replace(std::move(authority)) : Result<CertificateAuthority>(fits.error());
  });
}

Result<CertificateAuthority> forget_former_authority(const fs::path& data_folder, WallTime now) {
  return with_authority(data_folder, now, [](const Files& files, CertificateAuthority authority) {
    const Status fits = check_phase(authority, Phase::kReplaced, "there is no former one");
    return fits ? files.forget(std::move(authority)) : Result<CertificateAuthority>(fits.error());
  });
}

}  // namespace slipway::daemon
