#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

// Passwords of users as a configuration may give them. Nothing here ends up in a message.
namespace slipway::standalone {

enum class PasswordForm {
  kHash,        // crypt(5): SHA-512, SHA-256, yescrypt, scrypt or bcrypt
  kBrokenHash,  // begins with '$' but is none of these
  kBase64,      // base64 of printable text, one final line break allowed: the older form
  kPlain,
};
PasswordForm classify_password(std::string_view text);

// The hash that goes to the host. A hash stays as it is; other forms are hashed with SHA-512 and a salt that is a
// function of `salt_source` alone, so that the same configuration gives the same bytes.
base::Result<std::string> password_hash(std::string_view text, std::string_view salt_source);

}  // namespace slipway::standalone
