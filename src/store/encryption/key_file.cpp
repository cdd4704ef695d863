#include <cstdlib>
#include <fmt/core.h>
#include <sys/stat.h>

#include "base/files.h"
#include "store/encryption/encryption.h"

namespace slipway::store {

namespace fs = std::filesystem;

namespace {
constexpr std::size_t kMaxFileSize = 64 * 1024;
}

KeyFile KeyFile::of(const fs::path& data_folder) {
  KeyFile file;
  file.path_ = data_folder / "encryption" / "keys.json";
  if (const char* folder = std::getenv("CREDENTIALS_DIRECTORY")) {
    const fs::path credential = fs::path(folder) / "slipway-encryption-keys";
    if (fs::exists(credential)) {
      file.path_ = credential;
      file.is_credential_ = true;
    }
  }
  return file;
}

base::Result<KeyRing> read_keys(const fs::path& path) {
  struct stat info{};
  if (::stat(path.c_str(), &info) == 0 && (info.st_mode & 0077) != 0)
    return base::fail(
        base::ErrorCode::kForbidden,
        fmt::format("{} holds the encryption keys and others may read it (mode {:04o}): chmod 600 it, and "
                    "rotate the key if somebody did (slipwayd encryption rotate)",
                    path.string(), info.st_mode & 07777));
  return KeyRing::parse(SLIPWAY_TRY(base::read_file(path, kMaxFileSize)), path.string());
}

base::Result<KeyRing> KeyFile::read() const {
  // systemd guards its credentials by folder and access list, which the mode of the file does not show.
  if (is_credential_) return KeyRing::parse(SLIPWAY_TRY(base::read_file(path_, kMaxFileSize)), path_.string());
  auto ring = read_keys(path_);
  if (!ring && ring.error().code() == base::ErrorCode::kNotFound) return KeyRing();
  return ring;
}

base::Status KeyFile::write(const KeyRing& ring) const {
  if (is_credential_)
    return base::fail(base::ErrorCode::kForbidden,
                      fmt::format("{} is a systemd credential, which slipwayd cannot change", path_.string()));
  SLIPWAY_TRY(base::make_folders(path_.parent_path(), 0700));
  return base::write_file_atomically(path_, ring.text(), 0600);
}

}  // namespace slipway::store
