#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "data/json.h"

namespace slipway::inventory {

using data::Json;

// A new join token. `text` is the secret itself ("swj_" and 32 base32 characters, 160 bits); `secret` is the Secret to
// store, which holds only its SHA-256.
struct JoinToken {
  std::string text;
  std::string expires_at;  // RFC 3339
  Json secret;
};
JoinToken make_join_token(const Json& host, std::chrono::seconds lifetime, const base::Clock& clock,
                          base::Random& random);

std::string join_token_secret_name(std::string_view host_name);

// Whether `token` opens the door for the key with this fingerprint. kUnauthorized with a reason for the administrator
// (never for the caller): wrong, expired, or used by another key. The same key may come again (a crash between reply
// and save). Compares in constant time.
base::Status check_join_token(const Json& secret, std::string_view token, std::string_view key_fingerprint,
                              base::WallTime now);

// The Secret with the token marked as used by this key.
Json mark_join_token_used(Json secret, std::string_view key_fingerprint);

}  // namespace slipway::inventory
