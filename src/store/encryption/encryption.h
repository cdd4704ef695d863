#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "store/encryption/key_ring.h"

namespace slipway::store {

struct EncryptionOptions {
  // Values whose key starts with one of these are sealed at rest.
  std::vector<std::string> prefixes = {"/registry/core/secrets/"};
};

// Where the keys of a data folder are: the systemd credential "slipway-encryption-keys" when this service was given one
// (LoadCredentialEncrypted=, read-only), else encryption/keys.json below the folder (0600).
class KeyFile {
 public:
  static KeyFile of(const std::filesystem::path& data_folder);

  const std::filesystem::path& path() const { return path_; }
  bool is_credential() const { return is_credential_; }
  // An empty ring when the file is not there; kForbidden when others may read it; kInvalid when it is damaged.
  base::Result<KeyRing> read() const;
  // kForbidden for a credential.
  base::Status write(const KeyRing& ring) const;

 private:
  std::filesystem::path path_;
  bool is_credential_ = false;
};

// The keys in any file; the same checks as KeyFile::read(), and kNotFound when it is not there.
base::Result<KeyRing> read_keys(const std::filesystem::path& path);

}  // namespace slipway::store
