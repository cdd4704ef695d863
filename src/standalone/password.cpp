#include "standalone/password.h"

#include <algorithm>
#include <crypt.h>
#include <memory>

#include "data/encoding.h"
#include "data/sha256.h"

namespace slipway::standalone {

using base::ErrorCode;
using base::Result;

namespace {

bool is_crypt_text(std::string_view text) {
  return std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '/';
  });
}

// $id$[rounds=N$]salt$digest
bool is_sha_crypt(std::string_view rest, std::size_t digest_size) {
  if (rest.starts_with("rounds=")) {
    const auto end = rest.find('$');
    const std::string_view rounds = rest.substr(7, end == rest.npos ? end : end - 7);
    if (end == rest.npos || rounds.empty() || rounds.size() > 9 ||
        rounds.find_first_not_of("0123456789") != rounds.npos)
      return false;
    rest.remove_prefix(end + 1);
  }
  const auto end = rest.find('$');
  if (end == rest.npos || end == 0 || end > 16) return false;
  const std::string_view digest = rest.substr(end + 1);
  return is_crypt_text(rest.substr(0, end)) && digest.size() == digest_size && is_crypt_text(digest);
}

// $y$params$salt$digest
bool is_yescrypt(std::string_view rest) {
  const auto first = rest.find('$');
  const auto second = first == rest.npos ? rest.npos : rest.find('$', first + 1);
  return second != rest.npos && second > first + 1 && is_crypt_text(rest.substr(0, first)) &&
         is_crypt_text(rest.substr(first + 1, second - first - 1)) && rest.size() - second - 1 == 43 &&
         is_crypt_text(rest.substr(second + 1));
}

bool is_hash(std::string_view text) {
  if (text.starts_with("$6$")) return is_sha_crypt(text.substr(3), 86);
  if (text.starts_with("$5$")) return is_sha_crypt(text.substr(3), 43);
  if (text.starts_with("$y$")) return is_yescrypt(text.substr(3));
  if (text.starts_with("$gy$")) return is_yescrypt(text.substr(4));
  if (text.starts_with("$2b$") || text.starts_with("$2a$") || text.starts_with("$2y$"))
    return text.size() == 60 && text[6] == '$' && is_crypt_text(text.substr(7));
  return false;
}

// The text behind the older form, or "" when `text` is none.
std::string from_base64(std::string_view text) {
  auto decoded = data::base64_decode(text);
  if (!decoded) return {};
  if (decoded->ends_with('\n')) decoded->pop_back();
  if (decoded->ends_with('\r')) decoded->pop_back();
  const bool is_text = data::is_valid_utf8(*decoded) && std::ranges::none_of(*decoded, [](char c) {
                         return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
                       });
  return is_text ? *decoded : std::string();
}

}  // namespace

PasswordForm classify_password(std::string_view text) {
  if (text.starts_with('$') && text.size() > 2 && text.substr(1, 3).find('$') != text.npos)
    return is_hash(text) ? PasswordForm::kHash : PasswordForm::kBrokenHash;
  return from_base64(text).empty() ? PasswordForm::kPlain : PasswordForm::kBase64;
}

Result<std::string> password_hash(std::string_view text, std::string_view salt_source) {
  const PasswordForm form = classify_password(text);
  if (form == PasswordForm::kHash) return std::string(text);
  const std::string word = form == PasswordForm::kBase64 ? from_base64(text) : std::string(text);
  if (word.find('\0') != std::string::npos) return base::fail(ErrorCode::kInvalid, "a password holds a NUL character");
  const std::string setting = "$6$" + data::sha256_hex("slipway-standalone\n" + std::string(salt_source)).substr(0, 16);
  const auto state = std::make_unique<crypt_data>();
  const char* hash = ::crypt_r(word.c_str(), setting.c_str(), state.get());
  if (hash == nullptr || !is_hash(hash)) return base::fail(ErrorCode::kInternal, "a password cannot be hashed");
  return std::string(hash);
}

}  // namespace slipway::standalone
