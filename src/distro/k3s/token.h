#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

// K3s' join tokens. The full form pins the cluster's CA: K10<sha256 hex of the CA bundle>::<user>:<password>.
namespace slipway::distro::k3s {

struct Token {
  std::string ca_hash;  // 64 hexadecimal digits; "" = not pinned
  std::string user;
  std::string password;
  bool is_bootstrap = false;  // "abcdef.0123456789abcdef": user is the id, password the secret
  bool operator==(const Token&) const = default;
};

// kInvalid with K3s' own words; the message never holds the token.
base::Result<Token> parse_token(std::string_view text);

// The full form with a CA hash, the bare password without one.
std::string format_token(const Token& token);

}  // namespace slipway::distro::k3s
