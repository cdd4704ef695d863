#include "distro/k3s/token.h"

#include <algorithm>

namespace slipway::distro::k3s {

using base::ErrorCode;
using base::fail;
using base::Result;

namespace {

constexpr std::string_view kPrefix = "K10";
constexpr std::size_t kHashLength = 64;

bool is_bootstrap_token(std::string_view text) {
  const auto is_word = [](std::string_view word) {
    return std::ranges::all_of(word, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); });
  };
  return text.size() == 23 && text[6] == '.' && is_word(text.substr(0, 6)) && is_word(text.substr(7));
}

Token bootstrap_token(std::string hash, std::string_view text) {
  return {std::move(hash), std::string(text.substr(0, 6)), std::string(text.substr(7)), true};
}

}  // namespace

Result<Token> parse_token(std::string_view text) {
  if (text.empty()) return fail(ErrorCode::kInvalid, "token must not be empty");
  if (!text.starts_with(kPrefix)) {
    if (is_bootstrap_token(text)) return bootstrap_token("", text);
    return Token{"", "", std::string(text), false};
  }
  text.remove_prefix(kPrefix.size());
  const auto separator = text.find("::");
  if (separator == text.npos) return fail(ErrorCode::kInvalid, "invalid token format");
  const std::string_view hash = text.substr(0, separator);
  const std::string_view credentials = text.substr(separator + 2);
  const bool is_bootstrap = is_bootstrap_token(credentials);
  const auto colon = credentials.find(':');
  if (!is_bootstrap && (colon == credentials.npos || colon + 1 == credentials.size()))
    return fail(ErrorCode::kInvalid, "invalid token format");
  if (hash.size() != kHashLength) return fail(ErrorCode::kInvalid, "invalid token CA hash length");
  if (is_bootstrap) return bootstrap_token(std::string(hash), credentials);
  return Token{std::string(hash), std::string(credentials.substr(0, colon)), std::string(credentials.substr(colon + 1)),
               false};
}

std::string format_token(const Token& token) {
  const std::string credentials =
      token.is_bootstrap ? token.user + "." + token.password : token.user + ":" + token.password;
  if (!token.ca_hash.empty()) return std::string(kPrefix) + token.ca_hash + "::" + credentials;
  return token.is_bootstrap ? credentials : token.password;
}

}  // namespace slipway::distro::k3s
