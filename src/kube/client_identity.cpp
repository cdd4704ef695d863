#include "kube/client_identity.h"

#include <fmt/core.h>
#include <mutex>
#include <sys/stat.h>

#include "base/files.h"
#include "base/log.h"
#include "kube/exec_identity.h"

namespace slipway::kube {

using base::ErrorCode;
using base::Result;

namespace {

constexpr std::size_t kMaxTokenBytes = 1u << 20;

IdentityPtr embedded_identity(const pki::Kubeconfig& config) {
  return std::make_shared<const ClientIdentity>(ClientIdentity{.bearer_token = config.token,
                                                               .certificate_pem = config.client_certificate_pem,
                                                               .key_pem = config.client_key_pem});
}

class EmbeddedIdentity final : public IdentitySource {
 public:
  explicit EmbeddedIdentity(const pki::Kubeconfig& config) : identity_(embedded_identity(config)) {}
  Result<IdentityPtr> current() override { return identity_; }
  bool refused(const IdentityPtr&) override { return false; }

 private:
  const IdentityPtr identity_;
};

// What tells one content of a file from the next; a projected token is replaced by renaming a folder.
struct FileVersion {
  ino_t inode = 0;
  off_t size = -1;
  std::int64_t modified = 0;  // nanoseconds
  bool operator==(const FileVersion&) const = default;
};

FileVersion version_of(const std::string& path) {
  struct stat status{};
  if (::stat(path.c_str(), &status) != 0) return {};
  return {.inode = status.st_ino,
          .size = status.st_size,
          .modified = std::int64_t{status.st_mtim.tv_sec} * 1'000'000'000 + status.st_mtim.tv_nsec};
}

// The last content that could be read stays in force while the file cannot.
class TokenFileIdentity final : public IdentitySource {
 public:
  explicit TokenFileIdentity(const pki::Kubeconfig& config)
      : path_(config.token_file), fallback_(embedded_identity(config)) {}

  Result<IdentityPtr> current() override {
    const std::lock_guard lock(mutex_);
    const FileVersion version = version_of(path_);
    if (!identity_ || !(version == version_)) {
      if (const base::Status read = read_again(); !read && !identity_) {
        if (fallback_->bearer_token.empty()) return read.error();
        return fallback_;
      }
      version_ = version;
    }
    return identity_;
  }

  bool refused(const IdentityPtr& used) override {
    const std::lock_guard lock(mutex_);
    if (identity_ != nullptr && used->bearer_token != identity_->bearer_token) return true;
    return read_again().has_value() && used->bearer_token != identity_->bearer_token;
  }

 private:
  base::Status read_again() {
    Result<std::string> text = base::read_file(path_, kMaxTokenBytes);
    if (text) {
      text->erase(0, text->find_first_not_of(" \t\r\n"));
      text->erase(text->find_last_not_of(" \t\r\n") + 1);
    }
    if (text && (text->empty() || !is_header_value(*text)))
      text = base::fail(ErrorCode::kUnauthorized, path_ + " holds no token of one line");
    if (!text) {
      if (identity_) base::log_warning("kube", "the token is not renewed: {}", text.error().message());
      return base::fail(ErrorCode::kUnauthorized, text.error().message()).with_context("the token of the kubeconfig");
    }
    ClientIdentity identity = *fallback_;
    identity.bearer_token = std::move(*text);
    identity_ = std::make_shared<const ClientIdentity>(std::move(identity));
    return {};
  }

  const std::string path_;
  const IdentityPtr fallback_;
  std::mutex mutex_;
  FileVersion version_;
  IdentityPtr identity_;
};

}  // namespace

bool is_header_value(std::string_view text) {
  return text.find_first_of(std::string_view("\r\n\0", 3)) == text.npos;
}

std::unique_ptr<IdentitySource> identity_source(const pki::Kubeconfig& config, base::Clock& clock) {
  if (!config.token_file.empty()) return std::make_unique<TokenFileIdentity>(config);
  if (config.exec && config.token.empty()) return exec_identity(config, clock);
  return std::make_unique<EmbeddedIdentity>(config);
}

}  // namespace slipway::kube
