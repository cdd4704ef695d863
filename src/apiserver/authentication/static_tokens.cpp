#include "apiserver/authentication/static_tokens.h"

#include <algorithm>
#include <cerrno>
#include <fmt/core.h>
#include <sys/stat.h>

#include "base/files.h"
#include "base/log.h"
#include "pki/certificate.h"

namespace slipway::apiserver {

using base::ErrorCode;
using base::Result;
using base::Status;

namespace {

constexpr std::size_t kMaxFileBytes = 4u << 20;
constexpr std::size_t kMaxTokens = 10'000;
constexpr std::chrono::seconds kLookEvery{1};

base::Error bad_line(std::size_t line, std::string_view why) {
  return base::fail(ErrorCode::kInvalid, fmt::format("line {} of the token file: {}", line, why));
}

// The record that begins at the start of `text`, which is taken off it; counts the lines it spans.
Result<std::vector<std::string>> take_record(std::string_view& text, std::size_t& line) {
  const std::size_t first_line = line;
  std::vector<std::string> fields(1);
  bool quoted = false, closed = false;
  std::size_t at = 0;
  for (; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '\n') ++line;
    if (quoted) {
      if (c != '"') {
        fields.back() += c;
      } else if (text.substr(at + 1).starts_with('"')) {
        fields.back() += '"';
        ++at;
      } else {
        quoted = false;
        closed = true;
      }
    } else if (c == '\n') {
      ++at;
      break;
    } else if (c == '\r' && text.substr(at + 1).starts_with('\n')) {
      continue;
    } else if (c == ',') {
      fields.emplace_back();
      closed = false;
    } else if (c == '"' && fields.back().empty() && !closed) {
      quoted = true;
    } else if (c == '"' || closed) {
      return bad_line(first_line, "a quotation mark stands where none may be");
    } else {
      // encoding/csv of kube-apiserver drops the space before a field.
      if (fields.back().empty() && (c == ' ' || c == '\t')) continue;
      fields.back() += c;
    }
  }
  if (quoted) return bad_line(first_line, "a quotation mark is not closed");
  text.remove_prefix(at);
  return fields;
}

std::vector<std::string> split_groups(std::string_view text) {
  std::vector<std::string> groups;
  while (!text.empty()) {
    const std::size_t comma = std::min(text.find(','), text.size());
    std::string_view group = text.substr(0, comma);
    while (group.starts_with(' ')) group.remove_prefix(1);
    while (group.ends_with(' ')) group.remove_suffix(1);
    if (!group.empty()) groups.emplace_back(group);
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return groups;
}

}  // namespace

Result<std::vector<StaticToken>> parse_token_file(std::string_view text) {
  std::vector<StaticToken> tokens;
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  for (std::size_t line = 1; !text.empty();) {
    const std::size_t at = line;
    const bool comment = text.starts_with('#');
    if (comment || text.starts_with('\n') || text.starts_with("\r\n")) {
      text.remove_prefix(std::min(text.find('\n'), text.size() - 1) + 1);
      ++line;
      continue;
    }
    const std::vector<std::string> fields = SLIPWAY_TRY(take_record(text, line));
    if (fields.size() < 3 || fields.size() > 4)
      return bad_line(at, "it must be TOKEN,USER,UID or TOKEN,USER,UID,\"GROUP1,GROUP2\"");
    if (fields[0].empty()) return bad_line(at, "the token is empty");
    if (fields[1].empty()) return bad_line(at, "the user is empty");
    StaticToken token{.hash = pki::sha256_hex(fields[0]), .user = {.name = fields[1], .uid = fields[2]}};
    if (fields.size() == 4) token.user.groups = split_groups(fields[3]);
    if (std::ranges::find(tokens, token.hash, &StaticToken::hash) != tokens.end())
      return bad_line(at, "the token stands on an earlier line already");
    if (tokens.size() >= kMaxTokens) return bad_line(at, fmt::format("there are more than {} tokens", kMaxTokens));
    tokens.push_back(std::move(token));
  }
  return tokens;
}

Result<std::shared_ptr<StaticTokens>> StaticTokens::open(std::filesystem::path path, base::Clock& clock) {
  auto tokens = std::shared_ptr<StaticTokens>(new StaticTokens(std::move(path), clock));
  SLIPWAY_TRY(tokens->read());
  tokens->next_look_ = clock.steady() + kLookEvery;
  return tokens;
}

Result<StaticTokens::Stamp> StaticTokens::stamp_of(const std::filesystem::path& path) {
  struct stat info{};
  if (::stat(path.c_str(), &info) != 0) return base::errno_error(errno, "token file " + path.string());
  if (!S_ISREG(info.st_mode))
    return base::fail(ErrorCode::kInvalid, fmt::format("token file {} is no regular file", path.string()));
  if ((info.st_mode & 077) != 0)
    return base::fail(
        ErrorCode::kForbidden,
        fmt::format("token file {} can be read or written by others; run: chmod 600 {}", path.string(), path.string()));
  return Stamp{.device = info.st_dev,
               .inode = info.st_ino,
               .size = info.st_size,
               .changed_seconds = info.st_mtim.tv_sec,
               .changed_nanoseconds = info.st_mtim.tv_nsec};
}

Status StaticTokens::read() {
  const Stamp stamp = SLIPWAY_TRY(stamp_of(path_));
  const std::string text = SLIPWAY_TRY(base::read_file(path_, kMaxFileBytes));
  auto tokens = SLIPWAY_TRY(parse_token_file(text).with_context(path_.string()));
  tokens_ = std::make_shared<const std::vector<StaticToken>>(std::move(tokens));
  stamp_ = stamp;
  return {};
}

void StaticTokens::refresh() {
  if (clock_.steady() < next_look_) return;
  next_look_ = clock_.steady() + kLookEvery;
  const auto stamp = stamp_of(path_);
  if (stamp && *stamp == stamp_) return;
  const Status changed = stamp ? read() : Status(stamp.error());
  if (changed) {
    base::log_info("apiserver", "token file {} was read again: {} tokens", path_.string(), tokens_->size());
  } else {
    base::log_warning("apiserver", "the tokens read before stay in use: {}", changed.error().message());
  }
}

Result<std::optional<TokenVerdict>> StaticTokens::authenticate(std::string_view token,
                                                               const std::vector<std::string>&) {
  std::shared_ptr<const std::vector<StaticToken>> tokens;
  {
    const std::lock_guard lock(mutex_);
    refresh();
    tokens = tokens_;
  }
  const std::string hash = pki::sha256_hex(token);
  // Every one is compared, so that the time tells nothing.
  const StaticToken* found = nullptr;
  for (const StaticToken& known : *tokens)
    if (pki::equal_secret(known.hash, hash)) found = &known;
  if (found == nullptr) return std::optional<TokenVerdict>();
  return std::optional<TokenVerdict>({.user = found->user, .audiences = {}});
}

}  // namespace slipway::apiserver
