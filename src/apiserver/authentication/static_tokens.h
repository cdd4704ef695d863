#pragma once

#include <chrono>
#include <ctime>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "apiserver/authentication/token_authenticator.h"
#include "base/clock.h"

namespace slipway::apiserver {

struct StaticToken {
  std::string hash;  // SHA-256 of the token, hex
  UserInfo user;
};

// The lines of a token file as kube-apiserver reads it (--token-auth-file): token,user,uid[,"group1,group2"] as CSV
// (RFC 4180), lines that begin with # are comments. kInvalid names the line, never its content.
base::Result<std::vector<StaticToken>> parse_token_file(std::string_view text);

// Users by the tokens of a file. The file must be a regular one that only its owner can read (0600). A changed file is
// read again within a second; while it is broken or gone, the tokens it held last stay, and the log says so.
class StaticTokens final : public TokenAuthenticator {
 public:
  static base::Result<std::shared_ptr<StaticTokens>> open(std::filesystem::path path, base::Clock& clock);
  base::Result<std::optional<TokenVerdict>> authenticate(std::string_view token,
                                                         const std::vector<std::string>& audiences) override;

 private:
  // What tells one state of the file from another.
  struct Stamp {
    std::uint64_t device = 0, inode = 0;
    std::int64_t size = -1, changed_seconds = 0, changed_nanoseconds = 0;
    bool operator==(const Stamp&) const = default;
  };
  StaticTokens(std::filesystem::path path, base::Clock& clock) : path_(std::move(path)), clock_(clock) {}
  static base::Result<Stamp> stamp_of(const std::filesystem::path& path);
  base::Status read();
  void refresh();

  const std::filesystem::path path_;
  base::Clock& clock_;
  std::mutex mutex_;
  std::shared_ptr<const std::vector<StaticToken>> tokens_;
  Stamp stamp_;
  std::chrono::nanoseconds next_look_{0};
};

}  // namespace slipway::apiserver
